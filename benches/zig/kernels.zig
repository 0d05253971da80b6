//! What Zig's standard library does, as kernels: each takes how much and gives a sum.
const std = @import("std");

var heap: [1 << 24]u8 = undefined;
var fixed = std.heap.FixedBufferAllocator.init(&heap);
var random = std.Random.DefaultPrng.init(1);

fn begin() std.mem.Allocator {
    fixed.reset();
    random = std.Random.DefaultPrng.init(1);
    return fixed.allocator();
}
fn sum(bytes: []const u8) i64 {
    var result: u64 = 0;
    for (bytes) |byte| result = result *% 31 +% byte;
    return @bitCast(result);
}
fn text(len: usize) []u8 {
    const bytes = fixed.allocator().alloc(u8, len) catch unreachable;
    const words = [_][]const u8{ "the ", "interpreter ", "of ", "a ", "module ", "reads ", "memory ", "and ", "writes ", "42, ", "\n" };
    var at: usize = 0;
    while (at < len) {
        const word = words[random.random().uintLessThan(usize, words.len)];
        const n = @min(word.len, len - at);
        @memcpy(bytes[at..][0..n], word[0..n]);
        at += n;
    }
    return bytes;
}
fn hashed(comptime Hash: type, n: i32) i64 {
    _ = begin();
    const message = text(4096);
    var out: [Hash.digest_length]u8 = @splat(0);
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        message[@intCast(@mod(i, 4096))] +%= out[0];
        Hash.hash(message, &out, .{});
    }
    return sum(&out);
}
export fn blake3(n: i32) i64 {
    return hashed(std.crypto.hash.Blake3, n);
}
export fn sha3(n: i32) i64 {
    return hashed(std.crypto.hash.sha3.Sha3_256, n);
}
export fn sha512(n: i32) i64 {
    return hashed(std.crypto.hash.sha2.Sha512, n);
}
export fn poly(n: i32) i64 {
    _ = begin();
    const message = text(2048);
    const Aead = std.crypto.aead.chacha_poly.ChaCha20Poly1305;
    var tag: [16]u8 = @splat(7);
    const out = fixed.allocator().alloc(u8, 2048) catch unreachable;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        Aead.encrypt(out, &tag, message, "head", @splat(3), tag ++ tag);
    }
    return sum(out) ^ sum(&tag);
}
export fn gcm(n: i32) i64 {
    _ = begin();
    const message = text(2048);
    const Aead = std.crypto.aead.aes_gcm.Aes128Gcm;
    var tag: [16]u8 = @splat(7);
    const out = fixed.allocator().alloc(u8, 2048) catch unreachable;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        Aead.encrypt(out, &tag, message, "head", @splat(3), tag);
    }
    return sum(out) ^ sum(&tag);
}
export fn ed25519(n: i32) i64 {
    _ = begin();
    const Sign = std.crypto.sign.Ed25519;
    var seed: [32]u8 = @splat(9);
    var good: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        const pair = Sign.KeyPair.generateDeterministic(seed) catch unreachable;
        const signature = pair.sign("a message", null) catch unreachable;
        signature.verify("a message", pair.public_key) catch continue;
        seed = signature.toBytes()[0..32].*;
        good += 1;
    }
    return good ^ sum(&seed);
}
export fn p256(n: i32) i64 {
    _ = begin();
    const Curve = std.crypto.ecc.P256;
    var point = Curve.basePoint;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        point = point.mul(@splat(77), .big) catch unreachable;
    }
    return sum(&point.toCompressedSec1());
}
export fn maps(n: i32) i64 {
    const gpa = begin();
    var map = std.AutoHashMap(u32, u32).init(gpa);
    var found: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        const key = random.random().uintLessThan(u32, 40000);
        if (map.getPtr(key)) |value| {
            value.* += 1;
            found += value.*;
            if (value.* == 4) _ = map.remove(key);
        } else map.put(key, 0) catch unreachable;
    }
    return found + map.count();
}
export fn strmaps(n: i32) i64 {
    const gpa = begin();
    const words = text(60000);
    var map = std.StringHashMap(u32).init(gpa);
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        const at = random.random().uintLessThan(usize, 300) * 100;
        const len = 3 + random.random().uintLessThan(usize, 17);
        const entry = map.getOrPut(words[at..][0..len]) catch unreachable;
        entry.value_ptr.* = if (entry.found_existing) entry.value_ptr.* + 1 else 0;
    }
    var result: i64 = map.count();
    var entries = map.iterator();
    while (entries.next()) |entry| result = result *% 3 +% entry.value_ptr.*;
    return result;
}
const Item = struct { key: u32, weight: f32, name: [4]u8 };
fn lighter(_: void, a: Item, b: Item) bool {
    return a.weight < b.weight or a.weight == b.weight and a.key < b.key;
}
fn sorted(comptime sort: anytype, n: i32) i64 {
    const items = begin().alloc(Item, 5000) catch unreachable;
    var result: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        for (items) |*item| {
            const key = random.random().int(u32);
            item.* = .{ .key = key, .weight = @floatFromInt(key & 0xFFF), .name = @bitCast(key) };
        }
        sort(Item, items, {}, lighter);
        for (items) |item| result = result *% 5 +% item.key;
    }
    return result;
}
export fn blocks(n: i32) i64 {
    return sorted(std.sort.block, n);
}
export fn pdq(n: i32) i64 {
    return sorted(std.sort.pdq, n);
}
export fn big(n: i32) i64 {
    const gpa = begin();
    var a = std.math.big.int.Managed.initSet(gpa, 1) catch unreachable;
    var b = std.math.big.int.Managed.initSet(gpa, 1) catch unreachable;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        b.set(@as(u32, @intCast(@mod(i, 1000) + 3))) catch unreachable;
        a.mul(&a, &b) catch unreachable;
        if (@mod(i, 1000) == 999) {
            a.shiftRight(&a, 3000) catch unreachable;
            a.setSign(true);
        }
    }
    const digits = a.toString(gpa, 10, .lower) catch unreachable;
    return sum(digits);
}
const Person = struct { id: u32, name: []const u8, score: f64, tags: []const []const u8, alive: bool };
export fn json(n: i32) i64 {
    var result: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        const gpa = begin();
        var out = std.Io.Writer.Allocating.init(gpa);
        const tags = [_][]const u8{ "red", "gr\"een", "blue\n" };
        var people: [50]Person = undefined;
        for (&people, 0..) |*person, k| {
            person.* = .{ .id = @intCast(k), .name = "somebody", .score = @as(f64, @floatFromInt(k)) / 7, .tags = tags[0 .. k % 4], .alive = k % 3 == 0 };
        }
        std.json.Stringify.value(people[0..], .{}, &out.writer) catch unreachable;
        const parsed = std.json.parseFromSliceLeaky([]Person, gpa, out.written(), .{}) catch unreachable;
        for (parsed) |person| result = result *% 7 +% person.id +% @as(i64, @intFromFloat(person.score * 1000)) +% @as(i64, @intCast(person.tags.len));
    }
    return result;
}
export fn format(n: i32) i64 {
    _ = begin();
    var buffer: [200]u8 = undefined;
    var result: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        const x: f64 = @floatFromInt(random.random().int(u32));
        const line = std.fmt.bufPrint(&buffer, "{d} {x:0>8} {s:>10} {d:.3} {e}", .{ i, i, "right", x / 1000, x * 1.1 }) catch unreachable;
        result = result *% 3 +% sum(line);
    }
    return result;
}
export fn floats(n: i32) i64 {
    _ = begin();
    var buffer: [100]u8 = undefined;
    var result: u64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        const x: f64 = @floatFromInt(random.random().int(u48));
        const line = std.fmt.bufPrint(&buffer, "{d}", .{x / 997}) catch unreachable;
        const y = std.fmt.parseFloat(f64, line) catch unreachable;
        result = result *% 3 +% @as(u64, @bitCast(y));
    }
    return @bitCast(result);
}
export fn inflate(n: i32) i64 {
    const flate = std.compress.flate;
    var result: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        const gpa = begin();
        const plain = text(30000);
        const packed_bytes = gpa.alloc(u8, 60000) catch unreachable;
        var to = std.Io.Writer.fixed(packed_bytes);
        const window = gpa.alloc(u8, 2 * flate.max_window_len) catch unreachable;
        var compress = flate.Compress.init(&to, window, .raw, .default) catch unreachable;
        compress.writer.writeAll(plain) catch unreachable;
        compress.finish() catch unreachable;
        var from = std.Io.Reader.fixed(to.buffered());
        const history = gpa.alloc(u8, flate.max_window_len) catch unreachable;
        const back = gpa.alloc(u8, 30000) catch unreachable;
        for (0..4) |_| {
            from.seek = 0;
            var decompress = flate.Decompress.init(&from, .raw, history);
            decompress.reader.readSliceAll(back) catch unreachable;
        }
        result +%= sum(back) +% @as(i64, @intCast(to.end));
    }
    return result;
}
export fn queue(n: i32) i64 {
    const gpa = begin();
    const size = 160;
    const costs = gpa.alloc(u8, size * size) catch unreachable;
    const best = gpa.alloc(u32, size * size) catch unreachable;
    const Place = struct { cost: u32, at: u32 };
    const order = struct {
        fn compare(_: void, a: Place, b: Place) std.math.Order {
            return std.math.order(a.cost, b.cost);
        }
    };
    for (costs) |*cost| cost.* = 1 + random.random().uintLessThan(u8, 9);
    var result: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        var places: std.PriorityQueue(Place, void, order.compare) = .empty;
        defer places.deinit(gpa);
        @memset(best, std.math.maxInt(u32));
        places.push(gpa, .{ .cost = 0, .at = @intCast(i) }) catch unreachable;
        while (places.pop()) |place| {
            if (place.cost >= best[place.at]) continue;
            best[place.at] = place.cost;
            const x = place.at % size;
            const y = place.at / size;
            const around = [_][2]u32{ .{ x -% 1, y }, .{ x + 1, y }, .{ x, y -% 1 }, .{ x, y + 1 } };
            for (around) |next| {
                if (next[0] >= size or next[1] >= size) continue;
                const at = next[1] * size + next[0];
                const cost = place.cost + costs[at];
                if (cost < best[at]) places.push(gpa, .{ .cost = cost, .at = at }) catch unreachable;
            }
        }
        for (best) |cost| result += cost;
    }
    return result;
}
export fn bits(n: i32) i64 {
    const gpa = begin();
    var set = std.DynamicBitSet.initEmpty(gpa, 200000) catch unreachable;
    var result: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        set.setRangeValue(.{ .start = 0, .end = 200000 }, true);
        var p: usize = 2;
        while (p * p < 200000) : (p += 1) {
            if (!set.isSet(p)) continue;
            var m = p * p;
            while (m < 200000) : (m += p) set.unset(m);
        }
        var ones = set.iterator(.{});
        while (ones.next()) |at| result +%= @intCast(at);
    }
    return result;
}
export fn utf(n: i32) i64 {
    const gpa = begin();
    const plain = gpa.alloc(u8, 40000) catch unreachable;
    var at: usize = 0;
    while (at + 4 < plain.len) {
        const point = random.random().uintLessThan(u21, if (at % 3 == 0) 0x800 else 0xD000);
        at += std.unicode.utf8Encode(point, plain[at..]) catch unreachable;
    }
    var result: i64 = 0;
    var i: i32 = 0;
    while (i < n) : (i += 1) {
        var points = (std.unicode.Utf8View.init(plain[0..at]) catch unreachable).iterator();
        while (points.nextCodepoint()) |point| result = result *% 3 +% point;
    }
    return result;
}
