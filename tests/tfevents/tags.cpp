#include <guild/tfevents/tags.hpp>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace tf = guild::tfevents;

namespace {

tf::summary_value simple_value(std::string_view tag) {
    tf::summary_value value;
    value.tag = tag;
    value.kind = tf::value_kind::simple;
    value.number = 1.0;
    return value;
}

tf::summary_value tensor_value(std::string_view tag, std::optional<std::string_view> plugin) {
    tf::summary_value value = simple_value(tag);
    value.kind = tf::value_kind::tensor;
    if (plugin) {
        value.meta.emplace();
        value.meta->plugin_name = *plugin;
        value.meta->content = "content";
    }
    return value;
}

}  // namespace

TEST_CASE("tag table: numbers tags in the order in which they come") {
    tf::tag_table tags;
    CHECK(tags.size() == 0);
    CHECK(tags.intern("loss") == 0);
    CHECK(tags.intern("") == 1);
    CHECK(tags.intern("accuracy") == 2);
    CHECK(tags.intern("loss") == 0);
    CHECK(tags.size() == 3);
    CHECK(tags.name(2) == "accuracy");
    CHECK(tags[1].name.empty());
    CHECK(tags.find("accuracy") == 2U);
    CHECK(tags.find("los") == std::nullopt);
}

TEST_CASE("tag table: an empty one finds nothing") {
    tf::tag_table tags;
    std::uint32_t id = 7;
    CHECK_FALSE(tags.find_next("", id));
    CHECK_FALSE(tags.find_next("x", id));
    CHECK(tags.find("") == std::nullopt);
}

TEST_CASE("tag table: tags that differ in one byte are different tags at every length") {
    tf::tag_table tags;
    std::vector<std::string> names;
    for (std::size_t size = 1; size <= 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            names.push_back(std::string(size, 'a'));
            names.back()[at] = 'b';
        }
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        REQUIRE(tags.intern(names[i]) == i);
    }
    for (std::size_t size = 1; size <= 40; ++size) {
        std::uint32_t id = 0;
        CHECK_FALSE(tags.find_next(std::string(size, 'a'), id));
    }
    for (std::size_t i = names.size(); i-- > 0;) {  // in another order than they came
        std::uint32_t id = 0;
        REQUIRE(tags.find_next(names[i], id));
        REQUIRE(id == i);
    }
}

TEST_CASE("tag table: finds the same number whatever came before") {
    tf::tag_table tags;
    std::vector<std::string> names;
    std::mt19937 random(1);
    for (int i = 0; i < 300; ++i) {
        names.push_back("layer" + std::to_string(i) + "/" + std::string(random() % 20, 'w'));
        (void)tags.intern(names.back());
    }
    for (int i = 0; i < 20'000; ++i) {
        const std::size_t at = random() % 10 < 8 ? static_cast<std::size_t>(i) % names.size()
                                                 : random() % names.size();
        std::uint32_t id = 0;
        REQUIRE(tags.find_next(names[at], id));
        REQUIRE(id == at);
        REQUIRE(tags.intern(names[at]) == at);
    }
}

TEST_CASE("tag table: names and infos stay where they are while it grows and moves") {
    tf::tag_table tags;
    (void)tags.intern("a");
    const std::string_view name = tags.name(0);
    const tf::tag_info* info = &tags[0];
    for (int i = 0; i < 10'000; ++i) {
        (void)tags.intern("tag" + std::to_string(i));
    }
    const tf::tag_table moved = std::move(tags);
    CHECK(moved.name(0).data() == name.data());
    CHECK(&moved[0] == info);
    CHECK(moved.find("tag9999") == 10'000U);
}

TEST_CASE("tag table: a simple value is a scalar, whatever its metadata says") {
    tf::tag_table tags;
    std::uint32_t id = 9;
    CHECK(tags.take(simple_value("x"), id));
    CHECK(id == 0);
    tf::summary_value value = simple_value("x");
    value.meta.emplace();
    value.meta->plugin_name = "images";
    CHECK(tags.take(value, id));
    CHECK(tags[0].plugin_name == "images");
    CHECK_FALSE(tags[0].means_scalar);
}

TEST_CASE("tag table: a tensor is a scalar when the first metadata of its tag says so") {
    tf::tag_table tags;
    std::uint32_t id = 0;
    CHECK_FALSE(tags.take(tensor_value("a", std::nullopt), id));
    CHECK(tags.take(tensor_value("a", "scalars"), id));
    CHECK(tags.take(tensor_value("a", std::nullopt), id));
    CHECK(tags.take(tensor_value("a", "text"), id));  // comes too late
    CHECK_FALSE(tags.take(tensor_value("b", "text"), id));
    CHECK_FALSE(tags.take(tensor_value("b", "scalars"), id));
    tf::summary_value of_class = tensor_value("c", "mine");
    of_class.meta->data_class = 1;
    CHECK(tags.take(of_class, id));
    CHECK(tags[id].plugin_name == "mine");
}

TEST_CASE("tag table: a tensor without one number is no scalar") {
    tf::tag_table tags;
    std::uint32_t id = 0;
    tf::summary_value value = tensor_value("a", "scalars");
    value.number.reset();
    CHECK_FALSE(tags.take(value, id));
    CHECK(tags.take(tensor_value("a", std::nullopt), id));  // but its metadata counted
}

TEST_CASE("tag table: images without metadata leave no trace") {
    tf::tag_table tags;
    std::uint32_t id = 0;
    tf::summary_value image;
    image.tag = "image";
    image.kind = tf::value_kind::image;
    CHECK_FALSE(tags.take(image, id));
    CHECK(tags.size() == 0);
}

TEST_CASE("tag table: keeps the content of the plugin hparams alone, and the first") {
    tf::tag_table tags;
    std::uint32_t id = 0;
    tf::summary_value value = tensor_value("h", "hparams");
    value.kind = tf::value_kind::none;
    value.number.reset();
    CHECK_FALSE(tags.take(value, id));
    value.meta->content = "later";
    CHECK_FALSE(tags.take(value, id));
    CHECK(tags[0].content == "content");
    CHECK_FALSE(tags.take(tensor_value("t", "text"), id));
    CHECK(tags[1].plugin_name == "text");
    CHECK(tags[1].content.empty());
}
