// What programs in C++ do with its library, as kernels: each takes how much and gives a sum.
#include <algorithm>
#include <array>
#include <bitset>
#include <cmath>
#include <complex>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#define KERNEL(name) extern "C" __attribute__((export_name(#name))) int64_t name(int32_t n)
using u8 = uint8_t;
using u32 = uint32_t;
using u64 = uint64_t;
using i64 = int64_t;

// What the library calls when something is wrong: instead of a message, which would need imports.
void std::__libcpp_verbose_abort(const char *, ...) noexcept { __builtin_trap(); }

namespace {
u64 state;
u32 next(u32 below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<u32>((state >> 32) % below);
}
void begin() { state = 1; }

struct Vec3 {
    double x, y, z;
    Vec3 operator+(const Vec3 &o) const { return {x + o.x, y + o.y, z + o.z}; }
    Vec3 operator-(const Vec3 &o) const { return {x - o.x, y - o.y, z - o.z}; }
    Vec3 operator*(double k) const { return {x * k, y * k, z * k}; }
    double dot(const Vec3 &o) const { return x * o.x + y * o.y + z * o.z; }
};
struct Shape {
    virtual ~Shape() = default;
    virtual double hit(const Vec3 &from, const Vec3 &dir) const = 0;
    virtual int color() const { return 1; }
};
struct Ball : Shape {
    Vec3 center;
    double r;
    Ball(Vec3 c, double r) : center(c), r(r) {}
    double hit(const Vec3 &from, const Vec3 &dir) const override {
        Vec3 d = from - center;
        double b = d.dot(dir), c = d.dot(d) - r * r, disc = b * b - c;
        return disc < 0 ? 1e9 : -b - std::sqrt(disc);
    }
    int color() const override { return 3; }
};
struct Plane : Shape {
    double y;
    explicit Plane(double y) : y(y) {}
    double hit(const Vec3 &from, const Vec3 &dir) const override {
        return dir.y >= 0 ? 1e9 : (y - from.y) / dir.y;
    }
};
struct Box : Shape {
    Vec3 lo, hi;
    Box(Vec3 lo, Vec3 hi) : lo(lo), hi(hi) {}
    double hit(const Vec3 &from, const Vec3 &dir) const override {
        double near = -1e9, far = 1e9;
        const double f[3] = {from.x, from.y, from.z}, d[3] = {dir.x, dir.y, dir.z};
        const double l[3] = {lo.x, lo.y, lo.z}, h[3] = {hi.x, hi.y, hi.z};
        for (int i = 0; i < 3; i++) {
            double a = (l[i] - f[i]) / d[i], b = (h[i] - f[i]) / d[i];
            near = std::max(near, std::min(a, b));
            far = std::min(far, std::max(a, b));
        }
        return near <= far && near > 0 ? near : 1e9;
    }
    int color() const override { return 7; }
};

struct Num {
    double value;
};
struct Bin;
struct Neg;
struct Var {
    int index;
};
using Expr = std::variant<Num, Var, std::unique_ptr<Bin>, std::unique_ptr<Neg>>;
struct Bin {
    char op;
    Expr a, b;
};
struct Neg {
    Expr a;
};
Expr grow(int depth) {
    if (depth == 0 || next(8) == 0) {
        if (next(2)) return Num{next(100) / 10.0};
        return Var{static_cast<int>(next(4))};
    }
    if (next(6) == 0) return std::make_unique<Neg>(Neg{grow(depth - 1)});
    const char op = "+-*/"[next(4)];
    auto a = grow(depth - 1);
    return std::make_unique<Bin>(Bin{op, std::move(a), grow(depth - 1)});
}
double eval(const Expr &e, const std::array<double, 4> &vars) {
    return std::visit(
        [&](const auto &x) -> double {
            using T = std::decay_t<decltype(x)>;
            if constexpr (std::is_same_v<T, Num>) return x.value;
            else if constexpr (std::is_same_v<T, Var>) return vars[x.index];
            else if constexpr (std::is_same_v<T, std::unique_ptr<Neg>>) return -eval(x->a, vars);
            else {
                double a = eval(x->a, vars), b = eval(x->b, vars);
                switch (x->op) {
                case '+': return a + b;
                case '-': return a - b;
                case '*': return a * b * 0.01;
                default: return b == 0 ? 0 : a / b;
                }
            }
        },
        e);
}
template <size_t N> struct Matrix {
    std::array<double, N * N> at{};
    double &operator()(size_t i, size_t j) { return at[i * N + j]; }
    double operator()(size_t i, size_t j) const { return at[i * N + j]; }
    Matrix operator*(const Matrix &o) const {
        Matrix r;
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) {
                double s = 0;
                for (size_t k = 0; k < N; k++) s += (*this)(i, k) * o(k, j);
                r(i, j) = s;
            }
        return r;
    }
};
std::string word() {
    std::string s;
    for (u32 i = 0, k = 2 + next(20); i < k; i++) s += static_cast<char>('a' + next(5));
    return s;
}
} // namespace

KERNEL(rays) {
    begin();
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 12; i++) {
        Vec3 c{next(100) / 10.0 - 5, next(100) / 10.0 - 5, 5 + next(100) / 10.0};
        if (i % 3) shapes.push_back(std::make_unique<Ball>(c, 1 + next(10) / 10.0));
        else shapes.push_back(std::make_unique<Box>(c, c + Vec3{1, 2, 1}));
    }
    shapes.push_back(std::make_unique<Plane>(-4));
    i64 sum = 0;
    for (int32_t i = 0; i < n; i++) {
        Vec3 dir{(i % 97) / 97.0 - 0.5, (i % 89) / 89.0 - 0.5, 1};
        dir = dir * (1 / std::sqrt(dir.dot(dir)));
        double best = 1e8;
        const Shape *hit = nullptr;
        for (const auto &s : shapes) {
            double t = s->hit({0, 0, 0}, dir);
            if (t < best) best = t, hit = s.get();
        }
        if (hit) sum += hit->color() * static_cast<i64>(best * 16);
    }
    return sum;
}
KERNEL(visit) {
    begin();
    std::vector<Expr> list;
    for (int i = 0; i < 40; i++) list.push_back(grow(7));
    double sum = 0;
    for (int32_t i = 0; i < n; i++) sum += eval(list[i % 40], {i * 0.5, 2.0, -1.0 * (i & 15), 0.25});
    return static_cast<i64>(sum);
}
KERNEL(structs) {
    begin();
    struct Row {
        u32 id;
        std::string name;
        double key;
    };
    i64 sum = 0;
    for (int32_t k = 0; k < n; k++) {
        std::vector<Row> rows;
        for (u32 i = 0; i < 2000; i++) rows.push_back({i, word(), next(500) / 8.0});
        std::sort(rows.begin(), rows.end(), [](const Row &a, const Row &b) {
            return a.key != b.key ? a.key < b.key : a.name < b.name;
        });
        for (const auto &r : rows) sum = sum * 3 + r.id;
    }
    return sum;
}
KERNEL(numbers) {
    begin();
    std::vector<u32> v(20000);
    i64 sum = 0;
    for (int32_t k = 0; k < n; k++) {
        for (auto &x : v) x = next(1u << 31);
        std::sort(v.begin(), v.end());
        std::nth_element(v.begin(), v.begin() + 100, v.end(), std::greater<>());
        v.erase(std::unique(v.begin(), v.end()), v.end());
        sum += std::accumulate(v.begin(), v.begin() + 100, i64{0});
        std::make_heap(v.begin(), v.end());
        for (int i = 0; i < 100; i++) std::pop_heap(v.begin(), v.end() - i), sum ^= v[v.size() - 1 - i];
        v.resize(20000);
    }
    return sum;
}
KERNEL(trees) {
    begin();
    std::map<std::string, int> words;
    std::set<std::pair<int, int>> pairs;
    i64 sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += ++words[word().substr(0, 4)];
        pairs.insert({static_cast<int>(next(50)), i & 63});
        auto it = pairs.lower_bound({static_cast<int>(next(50)), 7});
        if (it != pairs.end()) {
            sum += it->second;
            if (i % 3 == 0) pairs.erase(it);
        }
    }
    return sum + static_cast<i64>(words.size());
}
KERNEL(hashes) {
    begin();
    std::unordered_map<u64, u32> ids;
    std::unordered_map<std::string, u32> names;
    i64 sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += ids[next(5000) * 7919ull]++;
        auto [it, fresh] = names.try_emplace(word().substr(0, 3), i);
        if (!fresh) sum += it->second & 3;
    }
    return sum + static_cast<i64>(ids.size() * names.size());
}
KERNEL(waves) {
    begin();
    using C = std::complex<double>;
    std::vector<C> a(1024);
    double sum = 0;
    for (int32_t k = 0; k < n; k++) {
        for (size_t i = 0; i < a.size(); i++) a[i] = C(next(100) / 50.0 - 1, (k & 7) * 0.1);
        for (size_t i = 1, j = 0; i < a.size(); i++) {
            size_t bit = a.size() >> 1;
            for (; j & bit; bit >>= 1) j ^= bit;
            j ^= bit;
            if (i < j) std::swap(a[i], a[j]);
        }
        for (size_t len = 2; len <= a.size(); len <<= 1) {
            const double angle = 6.283185307179586 / static_cast<double>(len);
            const C step(std::cos(angle), std::sin(angle));
            for (size_t i = 0; i < a.size(); i += len) {
                C w(1);
                for (size_t j = 0; j < len / 2; j++) {
                    const C u = a[i + j], v = a[i + j + len / 2] * w;
                    a[i + j] = u + v;
                    a[i + j + len / 2] = u - v;
                    w *= step;
                }
            }
        }
        sum += std::abs(a[k & 1023]);
    }
    return static_cast<i64>(sum * 1000);
}
KERNEL(paths) {
    begin();
    constexpr int W = 120;
    std::vector<u8> wall(W * W);
    for (auto &w : wall) w = next(10) < 3;
    i64 sum = 0;
    for (int32_t k = 0; k < n; k++) {
        std::vector<int> dist(W * W, -1);
        std::deque<std::pair<int, int>> todo;
        todo.emplace_back(k % W, (k * 7) % W);
        dist[todo[0].second * W + todo[0].first] = 0;
        while (!todo.empty()) {
            auto [x, y] = todo.front();
            todo.pop_front();
            for (auto [dx, dy] : {std::pair{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
                const int a = x + dx, b = y + dy;
                if (a < 0 || b < 0 || a >= W || b >= W) continue;
                const int at = b * W + a;
                if (wall[at] || dist[at] >= 0) continue;
                dist[at] = dist[y * W + x] + 1;
                todo.emplace_back(a, b);
            }
        }
        sum += *std::max_element(dist.begin(), dist.end());
    }
    return sum;
}
KERNEL(astar) {
    begin();
    constexpr int W = 100;
    std::vector<int> cost(W * W);
    for (auto &c : cost) c = 1 + static_cast<int>(next(9));
    i64 sum = 0;
    for (int32_t k = 0; k < n; k++) {
        std::vector<int> best(W * W, 1 << 30);
        using Entry = std::pair<int, int>;
        std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
        const int start = k * 37 % (W * W), goal = W * W - 1;
        best[start] = 0;
        open.emplace(0, start);
        while (!open.empty()) {
            auto [f, at] = open.top();
            open.pop();
            if (at == goal) break;
            const int x = at % W, y = at / W;
            auto look = [&](int a, int b) {
                if (a < 0 || b < 0 || a >= W || b >= W) return;
                const int to = b * W + a, g = best[at] + cost[to];
                if (g < best[to]) {
                    best[to] = g;
                    open.emplace(g + std::abs(W - 1 - a) + std::abs(W - 1 - b), to);
                }
            };
            look(x + 1, y), look(x - 1, y), look(x, y + 1), look(x, y - 1);
        }
        sum += best[goal];
    }
    return sum;
}
KERNEL(texts) {
    begin();
    i64 sum = 0;
    for (int32_t k = 0; k < n; k++) {
        std::string text;
        for (int i = 0; i < 60; i++) {
            text += word();
            text.push_back(" ,."[next(3)]);
        }
        for (size_t at = 0; (at = text.find("ab", at)) != std::string::npos; at += 2)
            text.replace(at, 2, "<x>");
        std::string_view view = text;
        while (!view.empty()) {
            const size_t end = std::min(view.find_first_of(" ,."), view.size());
            sum = sum * 5 + static_cast<i64>(std::hash<std::string_view>{}(view.substr(0, end)) & 255);
            view.remove_prefix(std::min(end + 1, view.size()));
        }
        std::reverse(text.begin(), text.end());
        sum += std::to_string(sum & 0xFFFFF).size() + std::stoul(std::to_string(k * 77));
    }
    return sum;
}
KERNEL(callbacks) {
    begin();
    std::vector<std::function<i64(i64)>> steps;
    i64 bias = 3;
    steps.emplace_back([&](i64 x) { return x + bias; });
    steps.emplace_back([](i64 x) { return x ^ x >> 7; });
    steps.emplace_back([k = i64{5}](i64 x) { return x * k; });
    steps.emplace_back([&, d = std::vector<i64>{1, 2, 4}](i64 x) { return x - d[x % 3 & 1] + bias++; });
    i64 x = 1;
    for (int32_t i = 0; i < n; i++) x = steps[next(4)](x) & 0xFFFFFFFF;
    return x;
}
KERNEL(lists) {
    begin();
    std::list<std::shared_ptr<i64>> list;
    i64 sum = 0;
    for (int32_t i = 0; i < n; i++) {
        list.push_back(std::make_shared<i64>(next(1000)));
        if (list.size() > 300) {
            auto first = list.front();
            list.pop_front();
            if (*first & 1) list.push_back(first);
            sum += *first * first.use_count();
        }
        if (i % 1000 == 0) list.sort([](const auto &a, const auto &b) { return *a < *b; });
    }
    return sum;
}
KERNEL(matrices) {
    begin();
    Matrix<16> m, r;
    for (auto &x : m.at) x = next(100) / 800.0;
    for (int i = 0; i < 16; i++) r(i, i) = 1;
    for (int32_t i = 0; i < n; i++) {
        r = r * m;
        const double k = r(3, 3) == 0 ? 1 : 1 / r(3, 3);
        for (auto &x : r.at) x *= k;
    }
    return static_cast<i64>(std::accumulate(r.at.begin(), r.at.end(), 0.0) * 1e6);
}
KERNEL(queens) {
    i64 sum = 0;
    std::function<void(std::vector<int> &, int)> place = [&](std::vector<int> &rows, int size) {
        const int row = static_cast<int>(rows.size());
        if (row == size) {
            sum += rows[0] + 1;
            return;
        }
        for (int c = 0; c < size; c++) {
            bool free = true;
            for (int r = 0; r < row && free; r++)
                free = rows[r] != c && std::abs(rows[r] - c) != row - r;
            if (!free) continue;
            rows.push_back(c);
            place(rows, size);
            rows.pop_back();
        }
    };
    for (int32_t i = 0; i < n; i++) {
        std::vector<int> rows;
        place(rows, 7);
    }
    return sum;
}
KERNEL(pixels) {
    begin();
    struct Pixel {
        u8 r, g, b, a;
    };
    constexpr int W = 128;
    std::vector<Pixel> image(W * W), out(W * W);
    for (auto &p : image) p = {static_cast<u8>(next(256)), static_cast<u8>(next(256)), static_cast<u8>(next(256)), static_cast<u8>(next(256))};
    i64 sum = 0;
    for (int32_t k = 0; k < n; k++) {
        for (int y = 1; y < W - 1; y++)
            for (int x = 1; x < W - 1; x++) {
                int r = 0, g = 0, b = 0;
                static constexpr int kernel[3][3] = {{1, 2, 1}, {2, 4, 2}, {1, 2, 1}};
                for (int dy = -1; dy <= 1; dy++)
                    for (int dx = -1; dx <= 1; dx++) {
                        const Pixel &p = image[(y + dy) * W + x + dx];
                        const int w = kernel[dy + 1][dx + 1];
                        r += p.r * w, g += p.g * w, b += p.b * w;
                    }
                out[y * W + x] = {static_cast<u8>(r / 16), static_cast<u8>(g / 16), static_cast<u8>(b / 16), image[y * W + x].a};
            }
        for (int i = 0; i < W * W; i++) {
            const Pixel s = out[i], d = image[i];
            auto mix = [&](int a, int b) { return static_cast<u8>((a * s.a + b * (255 - s.a) + 127) / 255); };
            image[i] = {mix(s.r, d.r), mix(s.g, d.g), mix(s.b, d.b), d.a};
        }
        sum += image[k % (W * W)].g;
    }
    return sum;
}
KERNEL(particles) {
    begin();
    struct P {
        float x, y, vx, vy, life;
    };
    std::vector<P> ps;
    double sum = 0;
    for (int32_t k = 0; k < n; k++) {
        while (ps.size() < 500) ps.push_back({0, 0, next(100) / 50.f - 1, next(100) / 25.f, 1 + next(50) / 10.f});
        for (auto &p : ps) {
            p.vy -= 0.098f;
            const float speed = std::sqrt(p.vx * p.vx + p.vy * p.vy);
            if (speed > 3) p.vx *= 3 / speed, p.vy *= 3 / speed;
            p.x += p.vx * 0.1f;
            p.y += p.vy * 0.1f;
            if (p.y < 0) p.y = -p.y, p.vy = -p.vy * 0.5f;
            p.life -= 0.05f;
        }
        std::erase_if(ps, [](const P &p) { return p.life <= 0; });
        sum += ps[0].x;
    }
    return static_cast<i64>(sum * 1000);
}
KERNEL(parts) {
    begin();
    i64 sum = 0;
    for (int32_t k = 0; k < n; k++) {
        std::vector<u32> parent(3000);
        std::iota(parent.begin(), parent.end(), 0u);
        auto find = [&](u32 x) {
            while (parent[x] != x) x = parent[x] = parent[parent[x]];
            return x;
        };
        for (int i = 0; i < 2500; i++) {
            const u32 a = find(next(3000)), b = find(next(3000));
            if (a != b) parent[a] = b;
        }
        for (u32 i = 0; i < 3000; i++) sum += find(i) == i;
    }
    return sum;
}
KERNEL(knapsack) {
    begin();
    i64 sum = 0;
    for (int32_t k = 0; k < n; k++) {
        std::vector<std::vector<int>> best(41, std::vector<int>(501));
        for (int i = 1; i <= 40; i++) {
            const int w = 5 + next(60), v = next(100);
            for (int c = 0; c <= 500; c++) {
                best[i][c] = best[i - 1][c];
                if (c >= w) best[i][c] = std::max(best[i][c], best[i - 1][c - w] + v);
            }
        }
        sum += best[40][500];
    }
    return sum;
}
