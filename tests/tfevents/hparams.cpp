#include <guild/tfevents/hparams.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <guild/os/directory.hpp>

#include <guild/tfevents/reader.hpp>
#include <support/event_records.hpp>

namespace tf = guild::tfevents;
using guild_test::bytes_field;
using guild_test::find_bytes;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// The metadata's content in an event file of torch.utils.tensorboard, SummaryWriter.add_hparams(
// {"lr": 0.1, "batch_size": 32, "optimizer": "SGD"}, ...): found in the public repository
// ZeroToMax-ZYZ/study_tensorboard, runs/hparams_search_exp_1.
constexpr std::string_view torch_start = "\x1A\x3E"
                                         "\x0A\x17\x0A\x0A"
                                         "batch_size\x12\x09\x11\0\0\0\0\0\0\x40\x40"
                                         "\x0A\x0F\x0A\x02"
                                         "lr\x12\x09\x11\x9A\x99\x99\x99\x99\x99\xB9\x3F"
                                         "\x0A\x12\x0A\x09"
                                         "optimizer\x12\x05\x1A\x03SGD"sv;

// What comes before it there: the experiment, with types and metrics.
constexpr std::string_view torch_experiment = "\x12\x61"
                                              "\x22\x06\x0A\x02"
                                              "lr\x20\x03"
                                              "\x22\x0E\x0A\x0A"
                                              "batch_size\x20\x03"
                                              "\x22\x0D\x0A\x09"
                                              "optimizer\x20\x01"
                                              "\x2A\x1D\x0A\x1B\x12\x19hparam/Final_Val_Accuracy"
                                              "\x2A\x19\x0A\x17\x12\x15hparam/Final_Val_Loss"sv;

std::map<std::string, std::string> flags_of(const tf::hparams& from) {
    std::map<std::string, std::string> flags;
    for (const tf::hparam& each : from.values) {
        flags[each.name] = each.to_flag();
    }
    return flags;
}

// A start with one entry: a key and these fields of its google.protobuf.Value.
std::string start_with(std::string_view key, std::string_view value) {
    return bytes_field(3, bytes_field(1, bytes_field(1, key) + bytes_field(2, value)));
}

}  // namespace

TEST_CASE("hparams: what torch writes") {
    const auto found = tf::decode_session_start(torch_start);
    REQUIRE(found);
    REQUIRE(found->values.size() == 3);
    CHECK(found->values[0].name == "batch_size");
    CHECK(found->values[0].kind == tf::hparam_kind::number);
    CHECK(found->values[1].number == 0.1);
    CHECK(found->values[2].kind == tf::hparam_kind::text);
    CHECK(flags_of(*found) == std::map<std::string, std::string>{
                                  {"lr", "0.1"}, {"batch_size", "32"}, {"optimizer", "SGD"}});
    CHECK(found->group_name.empty());
    CHECK(found->start_time == 0);
    CHECK(tf::decode_session_start(torch_experiment) == std::nullopt);
}

TEST_CASE("hparams: the experiment is written byte by byte as torch writes it") {
    tf::hparams what;
    what.values = {{"lr", 0.1}, {"batch_size", 32}, {"optimizer", "SGD"}};
    what.metrics = {"hparam/Final_Val_Accuracy", "hparam/Final_Val_Loss"};
    CHECK(tf::encode_experiment(what) == torch_experiment);
}

TEST_CASE("hparams: the start of a session is torch's, and its time") {
    tf::hparams what;
    what.values = {{"batch_size", 32}, {"lr", 0.1}, {"optimizer", "SGD"}};
    what.start_time = 2;
    const std::string content = tf::encode_session_start(what);
    CHECK(content.substr(1, 1) == "\x47");
    CHECK(content.substr(2) == std::string(torch_start.substr(2)) + "\x29\0\0\0\0\0\0\0\x40"s);
}

TEST_CASE("hparams: the end of a session, by hand") {
    // status 1 (success), end_time_secs 2
    CHECK(tf::encode_session_end(tf::session_status::success, 2) ==
          "\x22\x0B\x08\x01\x11\0\0\0\0\0\0\0\x40"sv);
    CHECK(tf::decode_session_start(tf::encode_session_end(tf::session_status::failure, 1)) ==
          std::nullopt);
}

TEST_CASE("hparams: values of every kind are read back") {
    tf::hparams what;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    what.values = {{"bool", true},  {"int", -3},      {"no", false},
                   {"real", 1e300}, {"strange", nan}, {"text", "caf\xC3\xA9"},
                   {"", "empty"}};
    what.values.emplace_back("nothing");
    what.group_name = "group 7";
    what.start_time = 1700000000.25;
    const auto found = tf::decode_session_start(tf::encode_session_start(what));
    REQUIRE(found);
    CHECK(found->group_name == "group 7");
    CHECK(found->start_time == 1700000000.25);
    CHECK(flags_of(*found) == std::map<std::string, std::string>{{"", "empty"},
                                                                 {"bool", "true"},
                                                                 {"int", "-3"},
                                                                 {"no", "false"},
                                                                 {"nothing", ""},
                                                                 {"real", "1e+300"},
                                                                 {"strange", "nan"},
                                                                 {"text", "caf\xC3\xA9"}});
}

TEST_CASE("hparams: come in order of name, and the later of two counts") {
    tf::hparams what;
    what.values = {{"b", 1}, {"a", 2}, {"b", "text"}};
    const auto found = tf::decode_session_start(tf::encode_session_start(what));
    REQUIRE(found);
    REQUIRE(found->values.size() == 2);
    CHECK(found->values[0].name == "a");
    CHECK(found->values[1].to_flag() == "text");
}

TEST_CASE("hparams: content that is bad or something else gives none") {
    CHECK(tf::decode_session_start("") == std::nullopt);
    CHECK(tf::decode_session_start("text") == std::nullopt);
    CHECK(tf::decode_session_start(start_with("k", "\x1A\x01v")));
    CHECK_FALSE(tf::decode_session_start(start_with("\xFF", "\x1A\x01v")));
    CHECK_FALSE(tf::decode_session_start(start_with("k", "\x1A\x01\xFF")));
    CHECK_FALSE(tf::decode_session_start(start_with("k", "\x1A\x05v")));
    CHECK_FALSE(tf::decode_session_start(bytes_field(3, bytes_field(4, "\xC0\x80"))));
    CHECK_FALSE(tf::decode_session_start(bytes_field(3, bytes_field(1, "\x0A"))));
    for (std::size_t size = 1; size < torch_start.size(); ++size) {
        CHECK_FALSE(tf::decode_session_start(torch_start.substr(0, size)));
    }
}

TEST_CASE("hparams: every flipped bit is read without harm") {
    for (std::size_t bit = 0; bit < torch_start.size() * 8; ++bit) {
        const std::string changed = guild_test::flipped(std::string(torch_start), bit);
        const auto found = tf::decode_session_start(changed);
        CHECK((!found || found->values.size() <= 3));
    }
}

TEST_CASE("hparams: a list without values, and an entry without a value") {
    CHECK(tf::decode_session_start(bytes_field(3, ""))->values.empty());
    const std::string entry = bytes_field(1, bytes_field(1, "k"));
    const auto found = tf::decode_session_start(bytes_field(3, entry));
    REQUIRE(found);
    REQUIRE(found->values.size() == 1);
    CHECK(found->values[0].kind == tf::hparam_kind::none);
}

TEST_CASE("hparams: the shared files of torch are read through reader and tag table") {
    const char* given = std::getenv("GUILD_SHARED_DATA");
    const std::string root = guild::join_path(given != nullptr ? given : GUILD_SHARED_DATA,
                                              "event-files/ZeroToMax-ZYZ+study_tensorboard/runs");
    const auto runs = guild::os::list_directory(root);
    if (!runs) {
        MESSAGE("skipped: no event files at " << root);
        return;
    }
    std::size_t found = 0;
    for (const auto& run : *runs) {
        const auto directories = guild::os::list_directory(guild::join_path(root, run.name));
        for (const auto& inner : directories.value_or({})) {
            const std::string path = guild::join_path(guild::join_path(root, run.name), inner.name);
            for (const auto& file : guild::os::list_directory(path).value_or({})) {
                tf::reader reader(guild::join_path(path, file.name));
                CAPTURE(reader.path());
                (void)guild_test::drain(reader);
                const auto id = reader.tags().find(tf::hparams_start_tag);
                REQUIRE(id);
                CHECK(reader.tags()[*id].plugin_name == "hparams");
                const auto start = tf::decode_session_start(reader.tags()[*id].content);
                REQUIRE(start);
                const auto flags = flags_of(*start);
                CHECK(flags.size() == 3);
                CHECK(flags.count("lr") == 1);
                CHECK(reader.bytes_lost() == 0);
                if (run.name == "hparams_search_exp_1") {
                    CHECK(reader.tags()[*id].content == torch_start);
                }
                ++found;
            }
        }
    }
    CHECK(found > 0);
}
