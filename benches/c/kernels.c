#include <stddef.h>
#include <stdint.h>
#define EX(n) __attribute__((export_name(#n)))
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;
static u64 rs = 88172645463325252ull;
static u64 rnd(void) {
    rs ^= rs << 13;
    rs ^= rs >> 7;
    rs ^= rs << 17;
    return rs;
}
static u8 heap[1 << 22];
static size_t hp;
static void *al(size_t n) {
    n = (n + 15) & ~15u;
    void *p = heap + hp;
    hp += n;
    return p;
}
static void reset(void) {
    hp = 0;
    rs = 88172645463325252ull;
}
void *memcpy(void *d, const void *s, size_t n) {
    u8 *a = d;
    const u8 *b = s;
    while (n--) *a++ = *b++;
    return d;
}
void *memset(void *d, int c, size_t n) {
    u8 *a = d;
    while (n--) *a++ = c;
    return d;
}
/* 1 backtracking regex */
static int matchhere(const char *re, const char *t);
static int matchstar(int c, const char *re, const char *t) {
    do {
        if (matchhere(re, t)) return 1;
    } while (*t && (*t++ == c || c == '.'));
    return 0;
}
static int matchhere(const char *re, const char *t) {
    if (!re[0]) return 1;
    if (re[1] == '*') return matchstar(re[0], re + 2, t);
    if (re[0] == '$' && !re[1]) return !*t;
    if (*t && (re[0] == '.' || re[0] == *t)) return matchhere(re + 1, t + 1);
    return 0;
}
static int match(const char *re, const char *t) {
    if (re[0] == '^') return matchhere(re + 1, t);
    do {
        if (matchhere(re, t)) return 1;
    } while (*t++);
    return 0;
}
EX(regex) i64 regex(int n) {
    reset();
    i64 r = 0;
    char *b = al(128);
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < 60; j++) b[j] = 'a' + (rnd() >> 33) % 5;
        b[60] = 0;
        r += match("a.*b*c.*de$", b) + 2 * match("^ab*.*ee", b) + 4 * match("dd*ea.c", b);
    }
    return r;
}
/* 2 switch lexer + expression evaluator */
static const char *sp;
static int depth;
static i64 expr(void);
static i64 prim(void) {
    while (*sp == ' ') sp++;
    i64 v = 0;
    switch (*sp) {
    case '(':
        sp++;
        v = expr();
        if (*sp == ')') sp++;
        return v;
    case '-':
        sp++;
        return -prim();
    case '~':
        sp++;
        return ~prim();
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        while (*sp >= '0' && *sp <= '9') v = v * 10 + *sp++ - '0';
        return v;
    default:
        sp++;
        return 1;
    }
}
static i64 term(void) {
    i64 v = prim();
    for (;;) {
        while (*sp == ' ') sp++;
        switch (*sp) {
        case '*':
            sp++;
            v *= prim();
            break;
        case '/': {
            sp++;
            i64 d = prim();
            v = d ? v / d : 0;
        } break;
        case '%': {
            sp++;
            i64 d = prim();
            v = d ? v % d : 0;
        } break;
        case '&':
            sp++;
            v &= prim();
            break;
        default:
            return v;
        }
    }
}
static i64 expr(void) {
    i64 v = term();
    for (;;) {
        while (*sp == ' ') sp++;
        switch (*sp) {
        case '+':
            sp++;
            v += term();
            break;
        case '-':
            sp++;
            v -= term();
            break;
        case '|':
            sp++;
            v |= term();
            break;
        case '^':
            sp++;
            v ^= term();
            break;
        default:
            return v;
        }
    }
}
EX(exprs) i64 exprs(int n) {
    i64 r = 0;
    for (int i = 0; i < n; i++) {
        sp = "(12 + 34*5 - (7 ^ 3) ) * ~(9 - 100 % 7) / 3 + 4096 / (2+3) & 255 | 77 - "
             "-5*(3+4*(5-6*(7+8)))";
        r += expr() + i;
    }
    return r;
}
/* 3 siphash */
#define ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))
#define SR                                                                                         \
    do {                                                                                           \
        v0 += v1;                                                                                  \
        v1 = ROTL(v1, 13);                                                                         \
        v1 ^= v0;                                                                                  \
        v0 = ROTL(v0, 32);                                                                         \
        v2 += v3;                                                                                  \
        v3 = ROTL(v3, 16);                                                                         \
        v3 ^= v2;                                                                                  \
        v0 += v3;                                                                                  \
        v3 = ROTL(v3, 21);                                                                         \
        v3 ^= v0;                                                                                  \
        v2 += v1;                                                                                  \
        v1 = ROTL(v1, 17);                                                                         \
        v1 ^= v2;                                                                                  \
        v2 = ROTL(v2, 32);                                                                         \
    } while (0)
static u64 sip(const u8 *in, size_t n) {
    u64 k0 = 0x0706050403020100ull, k1 = 0x0f0e0d0c0b0a0908ull;
    u64 v0 = k0 ^ 0x736f6d6570736575ull, v1 = k1 ^ 0x646f72616e646f6dull,
        v2 = k0 ^ 0x6c7967656e657261ull, v3 = k1 ^ 0x7465646279746573ull;
    u64 b = (u64)n << 56;
    const u8 *e = in + (n & ~7u);
    for (; in != e; in += 8) {
        u64 m = *(const u64 *)in;
        v3 ^= m;
        SR;
        SR;
        v0 ^= m;
    }
    for (int i = 0; i < (int)(n & 7); i++) b |= (u64)in[i] << (8 * i);
    v3 ^= b;
    SR;
    SR;
    v0 ^= b;
    v2 ^= 0xff;
    SR;
    SR;
    SR;
    SR;
    return v0 ^ v1 ^ v2 ^ v3;
}
EX(siphash) i64 siphash(int n) {
    reset();
    u8 *b = al(4096);
    for (int i = 0; i < 4096; i++) b[i] = rnd();
    u64 r = 0;
    for (int i = 0; i < n; i++) r ^= sip(b + (i & 63), (i * 7) & 1023) + i;
    return r;
}
/* 4 mersenne twister */
static u32 mt[624];
static int mti;
static u32 mtnext(void) {
    if (mti >= 624) {
        for (int i = 0; i < 624; i++) {
            u32 y = (mt[i] & 0x80000000u) | (mt[(i + 1) % 624] & 0x7fffffffu);
            mt[i] = mt[(i + 397) % 624] ^ (y >> 1) ^ ((y & 1) ? 0x9908b0dfu : 0);
        }
        mti = 0;
    }
    u32 y = mt[mti++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}
EX(twister) i64 twister(int n) {
    mt[0] = 5489;
    for (int i = 1; i < 624; i++) mt[i] = 1812433253u * (mt[i - 1] ^ (mt[i - 1] >> 30)) + i;
    mti = 624;
    u64 r = 0;
    for (int i = 0; i < n; i++) r = r * 31 + mtnext();
    return r;
}
/* 5 red-black-ish treap */
typedef struct T {
    struct T *l, *r;
    u32 k, p;
} T;
static T *rotr(T *t) {
    T *l = t->l;
    t->l = l->r;
    l->r = t;
    return l;
}
static T *rotl(T *t) {
    T *r = t->r;
    t->r = r->l;
    r->l = t;
    return r;
}
static T *ins(T *t, u32 k) {
    if (!t) {
        T *n = al(sizeof(T));
        n->l = n->r = 0;
        n->k = k;
        n->p = rnd() >> 32;
        return n;
    }
    if (k < t->k) {
        t->l = ins(t->l, k);
        if (t->l->p > t->p) t = rotr(t);
    } else if (k > t->k) {
        t->r = ins(t->r, k);
        if (t->r->p > t->p) t = rotl(t);
    }
    return t;
}
static u32 dep(T *t) {
    if (!t) return 0;
    u32 a = dep(t->l), b = dep(t->r);
    return 1 + (a > b ? a : b);
}
EX(treap) i64 treap(int n) {
    i64 r = 0;
    for (int j = 0; j < n; j++) {
        reset();
        T *t = 0;
        for (int i = 0; i < 20000; i++) t = ins(t, (u32)(rnd() >> 20) & 0xfffff);
        for (int i = 0; i < 40000; i++) {
            u32 k = (rnd() >> 20) & 0xfffff;
            T *q = t;
            while (q && q->k != k) q = k < q->k ? q->l : q->r;
            r += q != 0;
        }
        r += dep(t);
    }
    return r;
}
/* 6 float32 gemm, fir */
static float A[96 * 96], B[96 * 96], C[96 * 96];
EX(gemmf) i64 gemmf(int n) {
    for (int i = 0; i < 96 * 96; i++) {
        A[i] = (i % 13) * 0.5f;
        B[i] = (i % 7) * 0.25f;
    }
    for (int t = 0; t < n; t++)
        for (int i = 0; i < 96; i++)
            for (int j = 0; j < 96; j++) {
                float s = 0;
                for (int k = 0; k < 96; k++) s += A[i * 96 + k] * B[k * 96 + j];
                C[i * 96 + j] = s + C[i * 96 + j] * 0.5f;
            }
    double q = 0;
    for (int i = 0; i < 96 * 96; i++) q += C[i];
    return (i64)(q * 16);
}
EX(fir) i64 fir(int n) {
    static float x[4096 + 64], y[4096], h[64];
    for (int i = 0; i < 4096 + 64; i++) x[i] = ((i * 37) % 101) - 50;
    for (int i = 0; i < 64; i++) h[i] = 1.0f / (i + 1);
    double s = 0;
    for (int t = 0; t < n; t++) {
        for (int i = 0; i < 4096; i++) {
            float a = 0;
            for (int k = 0; k < 64; k++) a += h[k] * x[i + k];
            y[i] = a;
        }
        for (int i = 0; i < 64; i++) x[i] = y[i * 64] * 0.01f;
        s += y[17];
    }
    return (i64)(s * 1000);
}
/* 8 floyd-warshall */
EX(floyd) i64 floyd(int n) {
    static int d[100][100];
    i64 r = 0;
    for (int t = 0; t < n; t++) {
        rs = 7 + t;
        for (int i = 0; i < 100; i++)
            for (int j = 0; j < 100; j++) d[i][j] = i == j ? 0 : 1 + (rnd() >> 40) % 1000;
        for (int k = 0; k < 100; k++)
            for (int i = 0; i < 100; i++)
                for (int j = 0; j < 100; j++) {
                    int a = d[i][k] + d[k][j];
                    if (a < d[i][j]) d[i][j] = a;
                }
        for (int i = 0; i < 100; i++) r += d[i][(i * 37) % 100];
    }
    return r;
}
/* 9 sudoku */
static int solve(u8 *g, u16 *R, u16 *Cc, u16 *Bx, int *cnt) {
    int best = -1, bn = 10;
    u16 bm = 0;
    for (int i = 0; i < 81; i++)
        if (!g[i]) {
            u16 m = ~(R[i / 9] | Cc[i % 9] | Bx[i / 27 * 3 + i % 9 / 3]) & 0x1ff;
            int c = __builtin_popcount(m);
            if (c < bn) {
                bn = c;
                best = i;
                bm = m;
                if (c <= 1) break;
            }
        }
    if (best < 0) return 1;
    (*cnt)++;
    int r = best / 9, c = best % 9, b = best / 27 * 3 + best % 9 / 3;
    while (bm) {
        u16 bit = bm & -bm;
        bm ^= bit;
        g[best] = 1;
        R[r] |= bit;
        Cc[c] |= bit;
        Bx[b] |= bit;
        if (solve(g, R, Cc, Bx, cnt)) return 1;
        g[best] = 0;
        R[r] &= ~bit;
        Cc[c] &= ~bit;
        Bx[b] &= ~bit;
    }
    return 0;
}
EX(sudoku) i64 sudoku(int n) {
    const char *p =
        "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..";
    int cnt = 0;
    for (int t = 0; t < n; t++) {
        u8 g[81];
        u16 R[9] = {0}, Cc[9] = {0}, Bx[9] = {0};
        for (int i = 0; i < 81; i++) {
            g[i] = p[i] != '.';
            if (g[i]) {
                u16 b = 1 << (p[i] - '1');
                R[i / 9] |= b;
                Cc[i % 9] |= b;
                Bx[i / 27 * 3 + i % 9 / 3] |= b;
            }
        }
        cnt += solve(g, R, Cc, Bx, &cnt);
    }
    return cnt;
}
/* 10 lzw */
EX(lzw) i64 lzw(int n) {
    reset();
    u8 *src = al(65536);
    for (int i = 0; i < 65536; i++)
        src[i] =
            "the quick brown fox jumps over the lazy dog "[(u32)(i * (u32)i / 7 + i / 13) % 44];
    u16 *first = al(8192), *next = al(8192);
    u8 *ch = al(4096);
    u16 *out = al(131072 * 2);
    u64 h = 0;
    for (int t = 0; t < n; t++) {
        for (int i = 0; i < 4096; i++) first[i] = next[i] = 0xffff;
        int nc = 256, no = 0;
        u16 w = src[0];
        for (int i = 1; i < 65536; i++) {
            u8 c = src[i];
            u16 k = first[w];
            while (k != 0xffff && ch[k] != c) k = next[k];
            if (k != 0xffff)
                w = k;
            else {
                out[no++] = w;
                if (nc < 4096) {
                    ch[nc] = c;
                    next[nc] = first[w];
                    first[w] = nc++;
                } else {
                    for (int j = 0; j < 4096; j++) first[j] = next[j] = 0xffff;
                    nc = 256;
                }
                w = c;
            }
        }
        for (int i = 0; i < no; i++) h = h * 131 + out[i];
        h += no;
    }
    return h;
}
/* 11 list merge sort */
typedef struct L {
    struct L *n;
    int v;
} L;
static L *merge(L *a, L *b) {
    L h, *t = &h;
    while (a && b) {
        if (a->v <= b->v) {
            t->n = a;
            a = a->n;
        } else {
            t->n = b;
            b = b->n;
        }
        t = t->n;
    }
    t->n = a ? a : b;
    return h.n;
}
static L *msort(L *a) {
    if (!a || !a->n) return a;
    L *s = a, *f = a->n;
    while (f && f->n) {
        s = s->n;
        f = f->n->n;
    }
    f = s->n;
    s->n = 0;
    return merge(msort(a), msort(f));
}
EX(msort) i64 msort_(int n) {
    i64 r = 0;
    for (int t = 0; t < n; t++) {
        reset();
        rs += t;
        L *a = 0;
        for (int i = 0; i < 30000; i++) {
            L *x = al(sizeof(L));
            x->v = rnd() >> 40;
            x->n = a;
            a = x;
        }
        a = msort(a);
        int i = 0;
        for (; a; a = a->n, i++) r += a->v ^ i;
    }
    return r;
}
/* 12 bilinear scale fixed point */
EX(scale) i64 scale(int n) {
    reset();
    u32 *s = al(128 * 128 * 4), *d = al(200 * 200 * 4);
    for (int i = 0; i < 128 * 128; i++) s[i] = rnd();
    u64 h = 0;
    for (int t = 0; t < n; t++) {
        for (int y = 0; y < 200; y++) {
            u32 fy = y * 127 * 256 / 200;
            for (int x = 0; x < 200; x++) {
                u32 fx = x * 127 * 256 / 200;
                u32 ix = fx >> 8, iy = fy >> 8, ax = fx & 255, ay = fy & 255;
                const u32 *p = s + iy * 128 + ix;
                u32 o = 0;
                for (int c = 0; c < 32; c += 8) {
                    u32 a = (p[0] >> c) & 255, b = (p[1] >> c) & 255, e = (p[128] >> c) & 255,
                        f = (p[129] >> c) & 255;
                    u32 u = a * (256 - ax) + b * ax, v = e * (256 - ax) + f * ax;
                    o |= ((u * (256 - ay) + v * ay) >> 16) << c;
                }
                d[y * 200 + x] = o;
            }
        }
        h = h * 31 + d[(t * 977) % 40000];
    }
    return h;
}
/* 13 coremark-like state machine */
enum { S0, INV, NUM, DOT, EXPS, SIGN, SCI, HEX };
EX(states) i64 states(int n) {
    static const char *in[] = {"5012",     "1234",     "-874",     "+122",
                               "35.54400", ".1234500", "-110.700", "+0.64400",
                               "5.500e+3", "-.123e-2", "-87e+832", "+0.6e-12",
                               "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^"};
    u32 c[8] = {0};
    for (int t = 0; t < n; t++) {
        const char *s = in[t & 15];
        int st = S0;
        for (; *s; s++) {
            char ch = *s;
            switch (st) {
            case S0:
                if (ch >= '0' && ch <= '9')
                    st = NUM;
                else if (ch == '+' || ch == '-')
                    st = SIGN;
                else if (ch == '.')
                    st = DOT;
                else
                    st = INV;
                break;
            case SIGN:
                if (ch >= '0' && ch <= '9')
                    st = NUM;
                else if (ch == '.')
                    st = DOT;
                else
                    st = INV;
                break;
            case NUM:
                if (ch == '.')
                    st = DOT;
                else if (ch == 'e' || ch == 'E')
                    st = EXPS;
                else if (!(ch >= '0' && ch <= '9'))
                    st = INV;
                break;
            case DOT:
                if (ch == 'e')
                    st = EXPS;
                else if (!(ch >= '0' && ch <= '9'))
                    st = INV;
                break;
            case EXPS:
                if (ch == '+' || ch == '-')
                    st = SCI;
                else
                    st = INV;
                break;
            case SCI:
                if (!(ch >= '0' && ch <= '9')) st = INV;
                break;
            default:
                break;
            }
            c[st]++;
        }
    }
    u64 h = 0;
    for (int i = 0; i < 8; i++) h = h * 1000003 + c[i];
    return h;
}
/* 14 dhrystone-like structs, by value */
typedef struct {
    int a, b, c, d;
    char name[32];
    double w;
} Rec;
static int rcmp(const Rec *x, const Rec *y) {
    for (int i = 0; i < 32; i++) {
        if (x->name[i] != y->name[i]) return x->name[i] < y->name[i] ? -1 : 1;
        if (!x->name[i]) break;
    }
    return x->a - y->a;
}
static Rec upd(Rec r, int k) {
    r.a += k;
    r.b ^= r.a;
    r.w = r.w * 1.0001 + r.c;
    r.name[k & 15] = 'a' + (r.a & 15);
    return r;
}
EX(records) i64 records(int n) {
    reset();
    Rec *v = al(64 * sizeof(Rec));
    for (int i = 0; i < 64; i++) {
        Rec *r = v + i;
        r->a = i;
        r->b = i * 7;
        r->c = i & 3;
        r->d = 0;
        r->w = i;
        for (int j = 0; j < 31; j++) r->name[j] = 'a' + (rnd() >> 50) % 3;
        r->name[31] = 0;
    }
    for (int t = 0; t < n; t++) {
        int i = t & 63, j = (t * 29) & 63;
        v[i] = upd(v[i], t);
        if (rcmp(v + i, v + j) > 0) {
            Rec x = v[i];
            v[i] = v[j];
            v[j] = x;
        }
    }
    double s = 0;
    i64 q = 0;
    for (int i = 0; i < 64; i++) {
        s += v[i].w;
        q = q * 31 + v[i].b;
    }
    return q + (i64)s;
}
/* 15 brainf */
EX(bf) i64 bf(int n) {
    static const char pr[] = "++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++"
                             ".>>.<-.<.+++.------.--------.>>+.>++.";
    static u8 tape[512];
    static u16 jmp[256];
    int st[32], d = 0;
    for (int i = 0; pr[i]; i++) {
        if (pr[i] == '[')
            st[d++] = i;
        else if (pr[i] == ']') {
            int o = st[--d];
            jmp[o] = i;
            jmp[i] = o;
        }
    }
    u64 h = 0;
    for (int t = 0; t < n; t++) {
        for (int i = 0; i < 512; i++) tape[i] = 0;
        int p = 0;
        for (int i = 0; pr[i]; i++) switch (pr[i]) {
            case '>':
                p++;
                break;
            case '<':
                p--;
                break;
            case '+':
                tape[p]++;
                break;
            case '-':
                tape[p]--;
                break;
            case '.':
                h = h * 31 + tape[p];
                break;
            case '[':
                if (!tape[p]) i = jmp[i];
                break;
            case ']':
                if (tape[p]) i = jmp[i];
                break;
            }
    }
    return h;
}
/* 16 raytracer float32 spheres with recursion and struct returns */
typedef struct {
    float x, y, z;
} V;
static V vv(float x, float y, float z) {
    V v = {x, y, z};
    return v;
}
static V add(V a, V b) { return vv(a.x + b.x, a.y + b.y, a.z + b.z); }
static V mul(V a, float k) { return vv(a.x * k, a.y * k, a.z * k); }
static float dot(V a, V b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static V norm(V a) { return mul(a, 1.0f / __builtin_sqrtf(dot(a, a))); }
static V tr(V o, V d, int dp) {
    float bt = 1e9f;
    int bi = -1;
    V bc = {0, 0, 0};
    for (int i = 0; i < 5; i++) {
        V c = vv(i * 1.5f - 3, (i & 1) * 0.7f, 5 + i % 3);
        V oc = add(o, mul(c, -1));
        float b = dot(oc, d), q = b * b - dot(oc, oc) + 0.8f;
        if (q > 0) {
            float t = -b - __builtin_sqrtf(q);
            if (t > 0.01f && t < bt) {
                bt = t;
                bi = i;
                bc = c;
            }
        }
    }
    if (bi < 0) return vv(0.2f, 0.3f, 0.5f + 0.5f * d.y);
    V p = add(o, mul(d, bt)), nn = norm(add(p, mul(bc, -1)));
    float l = dot(nn, vv(0.57f, 0.57f, -0.57f));
    if (l < 0) l = 0;
    V c = mul(vv(0.3f + bi * 0.1f, 0.5f, 0.9f - bi * 0.1f), 0.2f + l);
    if (dp < 3) {
        V r = tr(p, add(d, mul(nn, -2 * dot(d, nn))), dp + 1);
        c = add(mul(c, 0.7f), mul(r, 0.3f));
    }
    return c;
}
EX(raysf) i64 raysf(int n) {
    double s = 0;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            V d = norm(vv((x - n / 2) / (float)n, (y - n / 2) / (float)n, 1));
            V c = tr(vv(0, 0, 0), d, 0);
            s += c.x + c.y * 2 + c.z * 3;
        }
    return (i64)(s * 100);
}
/* 17 knapsack dp, i64 */
EX(knap) i64 knap(int n) {
    static i64 dp[5001];
    i64 r = 0;
    for (int t = 0; t < n; t++) {
        rs = 99 + t;
        for (int w = 0; w <= 5000; w++) dp[w] = 0;
        for (int i = 0; i < 60; i++) {
            int wt = 1 + (rnd() >> 40) % 200;
            i64 val = (rnd() >> 40) % 1000;
            for (int w = 5000; w >= wt; w--) {
                i64 a = dp[w - wt] + val;
                if (a > dp[w]) dp[w] = a;
            }
        }
        r += dp[5000];
    }
    return r;
}
/* 18 bitset sieve + popcount */
EX(bitsieve) i64 bitsieve(int n) {
    static u32 s[31250];
    i64 r = 0;
    for (int t = 0; t < n; t++) {
        for (int i = 0; i < 31250; i++) s[i] = ~0u;
        for (u32 i = 2; i * i < 1000000; i++)
            if (s[i >> 5] >> (i & 31) & 1)
                for (u32 j = i * i; j < 1000000; j += i) s[j >> 5] &= ~(1u << (j & 31));
        for (int i = 0; i < 31250; i++) r += __builtin_popcount(s[i]);
    }
    return r;
}
/* 19 inflate-like bit reader */
EX(bitread) i64 bitread(int n) {
    reset();
    u8 *b = al(16384);
    for (int i = 0; i < 16384; i++) b[i] = rnd();
    u64 h = 0;
    for (int t = 0; t < n; t++) {
        u32 acc = 0;
        int have = 0;
        const u8 *p = b, *e = b + 16380;
        while (p < e) {
            while (have < 15) {
                acc |= (u32)*p++ << have;
                have += 8;
            }
            int len = (acc & 3) + 3;
            acc >>= 2;
            u32 v = acc & ((1u << len) - 1);
            acc >>= len;
            have -= len + 2;
            h = h * 33 + v;
        }
    }
    return h;
}
/* 20 vtable objects */
typedef struct O O;
struct O {
    const struct VT *v;
    double a, b;
    int k;
};
struct VT {
    double (*area)(O *);
    void (*step)(O *, int);
};
static double a1(O *o) { return o->a * o->b; }
static double a2(O *o) { return o->a * o->a * 3.14; }
static double a3(O *o) { return (o->a + o->b) * 0.5; }
static void s1(O *o, int t) { o->a += t & 1; }
static void s2(O *o, int t) {
    o->b -= 0.5;
    o->k++;
}
static void s3(O *o, int t) {
    o->k += t;
    if (o->k > 1000) o->k = 0;
}
static const struct VT vts[3] = {{a1, s1}, {a2, s2}, {a3, s3}};
EX(vtable) i64 vtable(int n) {
    reset();
    O *v = al(sizeof(O) * 300);
    for (int i = 0; i < 300; i++) {
        v[i].v = &vts[(rnd() >> 40) % 3];
        v[i].a = i;
        v[i].b = 2;
        v[i].k = i;
    }
    double s = 0;
    for (int t = 0; t < n; t++)
        for (int i = 0; i < 300; i++) {
            v[i].v->step(v + i, t);
            s += v[i].v->area(v + i);
        }
    return (i64)s;
}
/* 21 utf16/strings strlen strcmp hash */
static size_t slen(const char *s) {
    const char *p = s;
    while (*p) p++;
    return p - s;
}
static int scmp(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return (u8)*a - (u8)*b;
}
EX(strtab) i64 strtab(int n) {
    reset();
    char **tab = al(1024 * 4);
    for (int i = 0; i < 1024; i++) tab[i] = 0;
    char *key = al(32);
    i64 r = 0;
    hp += 0;
    for (int t = 0; t < n; t++) {
        int l = 4 + (rnd() >> 50) % 6;
        for (int i = 0; i < l; i++) key[i] = 'a' + (rnd() >> 50) % 4;
        key[l] = 0;
        u32 h = 5381;
        for (char *p = key; *p; p++) h = h * 33 ^ (u8)*p;
        u32 i = h & 1023;
        int pr = 0;
        while (tab[i] && scmp(tab[i], key) && pr < 20) {
            i = (i + 1) & 1023;
            pr++;
        }
        if (!tab[i] && hp < 4000000) {
            size_t m = slen(key) + 1;
            char *c = al(m);
            for (size_t j = 0; j < m; j++) c[j] = key[j];
            tab[i] = c;
        } else if (!tab[i] || scmp(tab[i], key))
            r--;
        else
            r++;
    }
    return r;
}
/* 22 ackermann-like mutual recursion w/ 5 args */
static int hanoi(int n, int a, int b, int c, int *cnt) {
    if (n == 0) return 0;
    int x = hanoi(n - 1, a, c, b, cnt);
    (*cnt) += a * 3 + b;
    return x + 1 + hanoi(n - 1, c, b, a, cnt);
}
EX(hanoi) i64 hanoi_(int n) {
    int c = 0;
    return hanoi(n, 1, 2, 3, &c) + (i64)c;
}
