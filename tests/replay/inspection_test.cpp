#include "replay/inspection.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "replay/capture_reader.h"
#include "replay/capture_writer.h"
#include "tests/support/temp_dir.h"

namespace stormproof::replay {
namespace {

Inspection inspect_some(bool close) {
  const support::TempDir folder;
  const std::string file = (folder.path() / "x.traffic").string();
  auto writer = CaptureWriter::create(file, {{"source", "a test"}});
  EXPECT_TRUE(writer.has_value());
  for (std::uint64_t n = 1; n <= 3; ++n) {
    Exchange exchange;
    exchange.id = n;
    exchange.connection = n == 3 ? 2 : 1;
    exchange.request_start = base::Time(std::chrono::seconds(1'600'000'000 + n));
    exchange.request = {
        n == 3 ? "POST /cart HTTP/1.1\r\n\r\n" : "GET /items/" + std::to_string(n) + " HTTP/1.1\r\n\r\n", ""};
    if (n != 3) exchange.response = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ok"};
    else exchange.ending = Ending::response_missing;
    EXPECT_TRUE(writer->append(exchange).has_value());
  }
  Exchange shadow;
  shadow.id = 4;
  shadow.shadow_of = 3;
  shadow.connection = 9;
  shadow.request = {"POST /cart HTTP/1.1\r\n\r\n", ""};
  shadow.response = {"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\n", "oops"};
  EXPECT_TRUE(writer->append(shadow).has_value());
  writer->count("dropped: queue full", 4, 100);
  EXPECT_TRUE((close ? writer->close() : writer->commit()).has_value());
  if (!close) *writer = CaptureWriter::create((folder.path() / "other").string(), {}).value();
  auto reader = CaptureReader::open(file, {.heads_only = true});
  EXPECT_TRUE(reader.has_value());
  return inspect(*reader);
}

TEST(Inspection, CountsWhatIsThereAndWhatWasLost) {
  const Inspection seen = inspect_some(true);
  EXPECT_EQ(seen.exchanges, 3u);
  EXPECT_EQ(seen.connections, 2u);
  EXPECT_EQ(seen.methods, (std::map<std::string, std::uint64_t>{{"GET", 2}, {"POST", 1}}));
  EXPECT_EQ(seen.statuses, (std::map<int, std::uint64_t>{{0, 1}, {200, 2}}));
  ASSERT_EQ(seen.routes.size(), 2u);
  EXPECT_EQ(seen.routes[0].route, "GET /items/{id}");
  EXPECT_EQ(seen.routes[0].requests, 2u);
  EXPECT_EQ(seen.shadows.exchanges, 1u);
  EXPECT_EQ(seen.shadows.statuses, (std::map<int, std::uint64_t>{{500, 1}}));
  EXPECT_EQ(seen.shadows.endings, (std::map<std::string, std::uint64_t>{{"complete", 1}}));
  EXPECT_EQ(seen.shadows.request_bytes, 23u);
  EXPECT_EQ(seen.shadows.response_bytes, 44u);
  EXPECT_EQ(seen.account.at("dropped: queue full").count, 4u);
  EXPECT_EQ(seen.torn, "");
  EXPECT_TRUE(seen.damage.empty());
}

TEST(Inspection, AFileThatWasNotClosedSaysSo) {
  EXPECT_NE(inspect_some(false).torn.find("not closed"), std::string::npos);
}

TEST(Inspection, AsJson) {
  const auto json = boost::json::parse(to_json(inspect_some(true)));
  EXPECT_EQ(json.at("schema").as_string(), "stormproof.inspect/1");
  EXPECT_EQ(json.at("exchanges").as_int64(), 3);
  EXPECT_EQ(json.at("statuses").at("200").as_int64(), 2);
  EXPECT_EQ(json.at("account").at("recorded").at("count").as_int64(), 4);
  EXPECT_EQ(json.at("shadows").at("exchanges").as_int64(), 1);
  EXPECT_EQ(json.at("shadows").at("statuses").at("500").as_int64(), 1);
  EXPECT_TRUE(json.at("torn").is_null());
}

TEST(Inspection, AsText) {
  const std::string text = to_text(inspect_some(true));
  for (const char* part : {"3 on 2 known connections", "1 exchanges of a candidate", "500", "GET /items/{id}",
                           "no response", "dropped: queue full", "a test"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

}  // namespace
}  // namespace stormproof::replay
