#include <guild/series/block_points.hpp>

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace gs = guild::series;

namespace {

using id_points = std::vector<std::pair<std::uint32_t, gs::point>>;

// The same frames as rows and as columns.
struct two_forms {
    gs::frame_encoder rows;
    gs::chunk_builder columns;

    void add(std::int64_t step, const std::vector<gs::sample>& row) {
        rows.add(step, -step, row.data(), row.size());
        columns.add(step, -step, row.data(), row.size());
    }
};

id_points all_points_of(gs::block_type type, std::string_view payload) {
    gs::block from;
    from.type = type;
    from.payload = payload;
    id_points found;
    gs::block_points points;
    points.visit_all(
        from, [&](std::uint32_t id, const gs::point& next) { found.emplace_back(id, next); });
    return found;
}

std::vector<gs::point> some_points_of(gs::block_type type, std::string_view payload,
                                      std::uint32_t id) {
    gs::block from;
    from.type = type;
    from.payload = payload;
    std::vector<gs::point> found;
    gs::block_points points;
    points.visit(from, id, [&](const gs::point& next) { found.push_back(next); });
    return found;
}

}  // namespace

TEST_CASE("block points: rows and columns give the same points of each series, in order") {
    two_forms both;
    both.add(5, {{3, 0.5}, {9, 7}});
    both.add(4, {{9, 8}, {3, -0.0}, {9, 9}});
    both.add(4, {{4000000000U, 1e300}});
    std::string columns;
    both.columns.finish(columns);
    const std::vector<gs::point> nine = {{5, -5, 7}, {4, -4, 8}, {4, -4, 9}};
    CHECK(some_points_of(gs::block_type::frames, both.rows.payload(), 9) == nine);
    CHECK(some_points_of(gs::block_type::chunk, columns, 9) == nine);
    for (const std::uint32_t id : {3U, 4000000000U, 77U}) {
        CHECK(some_points_of(gs::block_type::frames, both.rows.payload(), id) ==
              some_points_of(gs::block_type::chunk, columns, id));
    }
    CHECK(some_points_of(gs::block_type::chunk, columns, 77).empty());
    const id_points rows = all_points_of(gs::block_type::frames, both.rows.payload());
    REQUIRE(rows.size() == 6);
    CHECK(rows[2].first == 9);
    CHECK(rows[5].first == 4000000000U);
    CHECK(all_points_of(gs::block_type::chunk, columns).size() == 6);
}

TEST_CASE("block points: blocks of other types have none") {
    for (const auto type : {gs::block_type::dictionary, gs::block_type::index, gs::block_type::note,
                            gs::block_type::pyramid, static_cast<gs::block_type>(99)}) {
        CHECK(all_points_of(type, "any bytes").empty());
        CHECK(some_points_of(type, "any bytes", 0).empty());
    }
}

TEST_CASE("block points: what is bad inside a block is left out, what is good is not") {
    two_forms both;
    both.add(1, {{0, 1.0}, {1, 2.0}});
    both.add(2, {{0, 3.0}, {1, 4.0}});
    std::string columns;
    both.columns.finish(columns);
    for (std::size_t size = 0; size < columns.size(); ++size) {
        CHECK(all_points_of(gs::block_type::chunk, std::string_view(columns).substr(0, size))
                  .empty());
    }
    const std::string rows(both.rows.payload());
    for (std::size_t size = 0; size < rows.size(); ++size) {
        CHECK(
            all_points_of(gs::block_type::frames, std::string_view(rows).substr(0, size)).size() <=
            2);
    }
    columns[columns.size() - 8] = '\x2A';  // the form of a column: there is no such method
    const auto found = all_points_of(gs::block_type::chunk, columns);
    CHECK(found.size() <= 2);
}

TEST_CASE("block points: names stand in a dictionary or before the chunks of a block") {
    two_forms both;
    both.add(1, {{0, 1.0}});
    std::string columns;
    both.columns.finish(columns);
    const gs::series_name name = {0, "loss", {}};
    gs::block from;
    std::string names;
    gs::append_dictionary(names, &name, 1);
    from.type = gs::block_type::dictionary;
    from.payload = names;
    CHECK(gs::names_in(from) == names);
    const std::string named = static_cast<char>(names.size()) + names + columns;
    from.type = gs::block_type::chunk;
    from.flags = gs::flag_named;
    from.payload = named;
    CHECK(gs::names_in(from) == names);
    CHECK(gs::chunks_in(from) == columns);
    from.payload = std::string_view(named).substr(0, 3);
    CHECK(gs::names_in(from).empty());
    CHECK(gs::chunks_in(from).empty());
    from.flags = 0;
    from.payload = columns;
    CHECK(gs::names_in(from).empty());
    CHECK(gs::chunks_in(from) == columns);
}
