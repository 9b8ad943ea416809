// examples/mnist/digits.hpp - draws digits as if by hand, for machines that cannot fetch MNIST.
//
// A digit is a few strokes of a pen. Each drawing moves the strokes' points a little, turns, slants
// and stretches the whole, picks a pen, and leaves some dirt on the paper; then, as MNIST does, it
// puts the centre of the ink in the centre of a 28 x 28 image. One seed gives one set of images.
//
// Not here: the files that hold them (idx.hpp, dataset.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <guild/base/number.hpp>
#include <guild/base/text.hpp>

#include "batch.hpp"
#include "random.hpp"

namespace mnist {

struct point {
    double x = 0;
    double y = 0;
};

/// One stroke: the pen goes through the points, in a smooth curve or straight from one to the next.
struct stroke {
    bool smooth;
    std::vector<point> points;  // x to the right and y down, 0 to 100 across the digit
};

using glyph = std::vector<stroke>;

/// The ways in which people write a digit.
std::vector<glyph> glyphs_of(std::size_t digit);

/// One drawing of `digit`.
///
/// out      image_pixels bytes, 0 is paper
/// example  tests/examples/mnist.cpp "digits: one seed draws one picture, another seed another"
std::vector<std::uint8_t> draw_digit(std::size_t digit, random_source& random);

/// `count` digits in random order of class; image i depends on the seed and i alone.
labelled_images draw_digits(std::size_t count, std::uint64_t seed);

// ---- implementation ---------------------------------------------------------

namespace detail {

/// The strokes of 0 to 9: "~" starts a smooth one, "/" a straight one, "|" another way to write it.
inline constexpr std::array<std::string_view, class_count> strokes_of_digits{{
    "~ 50,2 22,14 10,50 24,86 50,98 76,86 90,50 78,14 48,2 | "
    "~ 62,4 30,10 14,48 26,92 56,96 84,62 82,20 50,6 34,16",
    "/ 50,0 50,100 | "
    "/ 26,22 54,0 54,100 | "
    "/ 30,20 52,2 52,98 / 24,98 80,98",
    "~ 14,26 30,4 62,2 82,24 70,52 40,78 12,98 / 12,98 90,96 | "
    "~ 16,20 44,2 78,14 74,46 46,76 20,94 14,80 36,78 66,94 92,88",
    "~ 14,12 44,0 78,14 72,38 42,48 ~ 42,48 78,56 84,82 52,100 12,88 | "
    "/ 16,4 80,4 46,42 ~ 46,42 80,54 82,82 48,100 14,88",
    "/ 58,0 12,62 92,62 / 68,30 68,100 | "
    "~ 22,4 16,30 22,50 50,52 80,44 / 80,2 74,100 | "
    "/ 64,2 10,60 90,58 / 64,2 62,100",
    "/ 82,4 28,4 22,44 ~ 22,44 52,36 84,54 80,86 46,100 12,88 | "
    "/ 90,2 36,8 ~ 36,8 26,44 60,42 80,66 62,94 14,94",
    "~ 72,2 36,24 16,62 28,94 60,98 82,76 68,52 38,54 20,74 | "
    "~ 50,0 26,36 20,76 44,100 76,86 72,60 44,56 24,74",
    "/ 10,6 88,6 42,100 | "
    "~ 12,18 16,4 50,8 86,4 ~ 86,4 62,42 46,100 | "
    "/ 12,6 86,4 40,100 / 30,50 82,48",
    "~ 78,18 50,0 22,18 36,40 66,58 82,82 50,100 18,82 34,58 66,38 78,16 | "
    "~ 50,46 24,26 48,2 76,24 50,46 20,72 48,100 80,74 52,46",
    "~ 80,26 52,2 20,24 34,50 66,46 82,18 ~ 82,18 78,58 64,100 | "
    "~ 78,14 46,4 22,30 42,50 76,30 80,16 / 80,14 76,100 | "
    "~ 76,20 44,2 20,28 44,50 78,28 78,66 56,98 22,92",
}};

/// "12,34" -> a point
inline point parse_point(std::string_view text) {
    const std::size_t comma = text.find(',');
    return {guild::parse_double(text.substr(0, comma)).value_or(0),
            guild::parse_double(text.substr(comma + 1)).value_or(0)};
}

}  // namespace detail

inline std::vector<glyph> glyphs_of(std::size_t digit) {
    std::vector<glyph> ways(1);
    for (const std::string& word : guild::split_words(detail::strokes_of_digits[digit])) {
        if (word == "|") {
            ways.emplace_back();
        } else if (word == "~" || word == "/") {
            ways.back().push_back({word == "~", {}});
        } else {
            ways.back().back().points.push_back(detail::parse_point(word));
        }
    }
    return ways;
}

namespace detail {

/// The straight pieces of a stroke: a smooth one becomes a Catmull-Rom spline, eight pieces a span.
inline std::vector<point> flatten(const stroke& from) {
    const std::vector<point>& p = from.points;
    if (!from.smooth || p.size() < 3) {
        return p;
    }
    std::vector<point> out{p.front()};
    for (std::size_t i = 0; i + 1 < p.size(); ++i) {
        const point& before = p[i == 0 ? 0 : i - 1];
        const point& after = p[std::min(i + 2, p.size() - 1)];
        for (int piece = 1; piece <= 8; ++piece) {
            const double t = piece / 8.0;
            const auto blend = [t](double a, double b, double c, double d) {
                return 0.5 *
                       (2 * b +
                        t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a))));
            };
            out.push_back({blend(before.x, p[i].x, p[i + 1].x, after.x),
                           blend(before.y, p[i].y, p[i + 1].y, after.y)});
        }
    }
    return out;
}

/// How one drawing differs from the model: a linear map of the digit's box to pixels, and a pen.
struct hand {
    double xx, xy, yx, yy;  // units of the 100 x 100 box to pixels
    double wobble;          // deviation of each point, in units of the box
    double wave, phase;     // a slow bend of all strokes, in pixels
    double pen;             // half the width of the pen, in pixels
    double ink;             // darkness, 0 to 1
};

inline hand pick_hand(random_source& random) {
    const double angle = random.normal(0.16);
    const double slant = random.normal(0.24);
    const double width = random.uniform(0.10, 0.20);
    const double height = random.uniform(0.165, 0.205);
    const double c = std::cos(angle);
    const double s = std::sin(angle);
    return {c * width,
            -s * height - slant * height,
            s * width,
            c * height,
            random.uniform(1.0, 6.0),
            random.normal(0.8),
            random.uniform(0.0, 6.28),
            random.uniform(0.65, 1.75),
            random.uniform(0.7, 1.0)};
}

inline point place(const point& at, const hand& how) {
    const double x = at.x - 50;
    const double y = at.y - 50;
    const double bend = how.wave * std::sin(0.05 * (x + y) + how.phase);
    return {how.xx * x + how.xy * y + bend, how.yx * x + how.yy * y + 0.5 * bend};
}

using canvas = std::array<double, image_pixels>;

/// Darkens every pixel within reach of the pen as it goes from `a` to `b`; the edge is one pixel
/// soft.
inline void draw_line(canvas& image, const point& a, const point& b, double pen) {
    const auto low = [pen](double v) {
        return std::clamp(static_cast<int>(std::floor(v - pen - 1)), 0, 27);
    };
    const auto high = [pen](double v) {
        return std::clamp(static_cast<int>(std::ceil(v + pen + 1)), 0, 27);
    };
    const double dx = b.x - a.x;
    const double dy = b.y - a.y;
    const double length2 = std::max(dx * dx + dy * dy, 1e-9);
    for (int row = low(std::min(a.y, b.y)); row <= high(std::max(a.y, b.y)); ++row) {
        for (int column = low(std::min(a.x, b.x)); column <= high(std::max(a.x, b.x)); ++column) {
            const double t =
                std::clamp(((column - a.x) * dx + (row - a.y) * dy) / length2, 0.0, 1.0);
            const double distance = std::hypot(column - a.x - t * dx, row - a.y - t * dy);
            double& pixel = image[static_cast<std::size_t>(row) * image_side +
                                  static_cast<std::size_t>(column)];
            pixel = std::max(pixel, std::clamp(pen + 0.5 - distance, 0.0, 1.0));
        }
    }
}

/// The middle of all points of the lines, weighted by length: where MNIST puts the image's centre.
inline point centre_of(const std::vector<std::vector<point>>& lines) {
    point sum;
    double total = 1e-9;
    for (const std::vector<point>& line : lines) {
        for (std::size_t i = 0; i + 1 < line.size(); ++i) {
            const double length = std::hypot(line[i + 1].x - line[i].x, line[i + 1].y - line[i].y);
            sum.x += length * 0.5 * (line[i].x + line[i + 1].x);
            sum.y += length * 0.5 * (line[i].y + line[i + 1].y);
            total += length;
        }
    }
    return {sum.x / total, sum.y / total};
}

}  // namespace detail

inline std::vector<std::uint8_t> draw_digit(std::size_t digit, random_source& random) {
    const std::vector<glyph> ways = glyphs_of(digit);
    const glyph& way = ways[random.below(ways.size())];
    const detail::hand how = detail::pick_hand(random);
    std::vector<std::vector<point>> lines;
    for (stroke model : way) {
        for (point& at : model.points) {
            at = {at.x + random.normal(how.wobble), at.y + random.normal(how.wobble)};
        }
        lines.push_back(detail::flatten(model));
        for (point& at : lines.back()) {
            at = detail::place(at, how);
        }
    }
    const point centre = detail::centre_of(lines);
    const point shift{13.5 - centre.x + random.normal(0.7), 13.5 - centre.y + random.normal(0.7)};
    detail::canvas image{};
    for (const std::vector<point>& line : lines) {
        for (std::size_t i = 0; i + 1 < line.size(); ++i) {
            detail::draw_line(image, {line[i].x + shift.x, line[i].y + shift.y},
                              {line[i + 1].x + shift.x, line[i + 1].y + shift.y}, how.pen);
        }
    }
    std::vector<std::uint8_t> out(image_pixels);
    for (std::size_t i = 0; i < image_pixels; ++i) {
        const double dirt = random.normal(image[i] > 0 ? 0.10 : 0.04);
        const double value = std::clamp(how.ink * image[i] + dirt, 0.0, 1.0);
        out[i] =
            value < 0.06 ? std::uint8_t{0} : static_cast<std::uint8_t>(std::lround(255 * value));
    }
    return out;
}

inline labelled_images draw_digits(std::size_t count, std::uint64_t seed) {
    labelled_images out;
    out.pixels.reserve(count * image_pixels);
    out.labels.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        random_source random(seed + 0xD1B54A32D192ED03U * (i + 1));
        const std::size_t digit = random.below(class_count);
        const std::vector<std::uint8_t> image = draw_digit(digit, random);
        out.pixels.insert(out.pixels.end(), image.begin(), image.end());
        out.labels.push_back(static_cast<std::uint8_t>(digit));
    }
    return out;
}

}  // namespace mnist
