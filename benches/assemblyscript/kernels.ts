// Nine kernels as AssemblyScript's compiler writes them: `while` loops that are not turned round, its
// collector's frames in memory behind a global, many small functions. `build` compiles them;
// `benches/peers -- --kernels benches/assemblyscript` measures.

function next(seed: u32): u32 {
  return seed * 1664525 + 1013904223;
}

class Node {
  left: Node | null = null;
  right: Node | null = null;
  constructor(public key: i32) {}
}
function insert(root: Node | null, key: i32): Node {
  if (!root) return new Node(key);
  if (key < root.key) root.left = insert(root.left, key);
  else if (key > root.key) root.right = insert(root.right, key);
  return root;
}
function height(node: Node | null): i32 {
  return node ? 1 + max(height(node.left), height(node.right)) : 0;
}
/** The height of a search tree of `n` numbers. */
export function tree(n: i32): i64 {
  let root: Node | null = null;
  let seed: u32 = 12345;
  for (let i = 0; i < n; i++) {
    seed = next(seed);
    root = insert(root, <i32>(seed >>> 8));
  }
  return height(root);
}

function sift(a: Int32Array, start: i32, end: i32): void {
  let root = start;
  while (2 * root + 1 < end) {
    let child = 2 * root + 1;
    if (child + 1 < end && a[child] < a[child + 1]) child++;
    if (a[root] >= a[child]) return;
    const t = a[root];
    a[root] = a[child];
    a[child] = t;
    root = child;
  }
}
/** Every 97th of `n` numbers in ascending order. */
export function heapsort(n: i32): i64 {
  const a = new Int32Array(n);
  let seed: u32 = 1;
  for (let i = 0; i < n; i++) {
    seed = next(seed);
    a[i] = <i32>(seed >>> 4);
  }
  for (let k = (n >> 1) - 1; k >= 0; k--) sift(a, k, n);
  for (let end = n - 1; end > 0; end--) {
    const t = a[0];
    a[0] = a[end];
    a[end] = t;
    sift(a, 0, end);
  }
  let hash: i64 = 0;
  for (let i = 0; i < n; i += 97) hash = hash * 31 + a[i];
  return hash;
}

/** How often each of `n` numbers is there, squared. */
export function maps(n: i32): i64 {
  const counts = new Map<i32, i32>();
  let seed: u32 = 7;
  for (let i = 0; i < n; i++) {
    seed = next(seed);
    const key = <i32>(seed >>> 16);
    counts.set(key, (counts.has(key) ? counts.get(key) : 0) + 1);
  }
  let sum: i64 = 0;
  const values = counts.values();
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}

/** Strings made of numbers. */
export function strings(n: i32): i64 {
  let hash: i64 = 0;
  for (let i = 0; i < n; i++) {
    const s = "item-" + i.toString() + ":" + (i * 7).toString(16);
    hash = hash * 33 + s.length + s.charCodeAt(s.length - 1) + s.indexOf(":");
  }
  return hash;
}

// @ts-ignore: an attribute of AssemblyScript
@inline function cell(i: i32, j: i32): f64 {
  return 1.0 / <f64>((i + j) * (i + j + 1) / 2 + i + 1);
}
function multiply(x: Float64Array, y: Float64Array, w: Float64Array, n: i32): void {
  for (let i = 0; i < n; i++) {
    let sum = 0.0;
    for (let j = 0; j < n; j++) sum += cell(i, j) * x[j];
    w[i] = sum;
  }
  for (let i = 0; i < n; i++) {
    let sum = 0.0;
    for (let j = 0; j < n; j++) sum += cell(j, i) * w[j];
    y[i] = sum;
  }
}
/** The spectral norm of an `n` by `n` matrix. */
export function spectral(n: i32): i64 {
  const u = new Float64Array(n), v = new Float64Array(n), w = new Float64Array(n);
  u.fill(1);
  for (let i = 0; i < 10; i++) {
    multiply(u, v, w, n);
    multiply(v, u, w, n);
  }
  let vbv = 0.0, vv = 0.0;
  for (let i = 0; i < n; i++) {
    vbv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  return <i64>(Math.sqrt(vbv / vv) * 1e9);
}

function place(n: i32, row: i32, columns: i32, down: i32, up: i32): i64 {
  if (row == n) return 1;
  let count: i64 = 0;
  let free = ~(columns | down | up) & ((1 << n) - 1);
  while (free) {
    const bit = free & -free;
    free ^= bit;
    count += place(n, row + 1, columns | bit, (down | bit) << 1, (up | bit) >> 1);
  }
  return count;
}
/** How many ways there are to put `n` queens on a board. */
export function queens(n: i32): i64 {
  return place(n, 0, 0, 0, 0);
}

/** The longest of the sequences that begin below `n`. */
export function collatz(n: i32): i64 {
  let longest: i64 = 0;
  for (let i: i64 = 1; i < n; i++) {
    let x: i64 = i, steps: i64 = 0;
    while (x != 1) {
      x = x & 1 ? 3 * x + 1 : x >> 1;
      steps++;
    }
    if (steps > longest) longest = steps;
  }
  return longest;
}

/** Arrays through functions. */
export function closures(n: i32): i64 {
  const a = new Array<i32>(n);
  for (let i = 0; i < n; i++) a[i] = i ^ 0x55;
  let hash: i64 = 0;
  for (let round = 0; round < 10; round++) {
    const even = a.map<i32>((x) => x * 3 + 1).filter((x) => (x & 1) == 0);
    hash += even.reduce<i64>((sum, x) => sum + x, 0);
    even.sort((x, y) => y - x);
    hash ^= even[0];
  }
  return hash;
}

/** The distance of two texts of `n` bytes. */
export function levenshtein(n: i32): i64 {
  const a = new Uint8Array(n), b = new Uint8Array(n);
  let seed: u32 = 3;
  for (let i = 0; i < n; i++) {
    seed = next(seed);
    a[i] = <u8>(seed >>> 24) & 7;
    b[i] = <u8>(seed >>> 16) & 7;
  }
  let before = new Int32Array(n + 1), row = new Int32Array(n + 1);
  for (let j = 0; j <= n; j++) before[j] = j;
  for (let i = 1; i <= n; i++) {
    row[0] = i;
    for (let j = 1; j <= n; j++) {
      const changed = before[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = min(min(before[j] + 1, row[j - 1] + 1), changed);
    }
    const t = before;
    before = row;
    row = t;
  }
  return before[n];
}
