#include "replay/script_stream.h"

#include <gtest/gtest.h>

#include "replay/capture_writer.h"
#include "tests/support/temp_dir.h"

namespace stormproof::replay {
namespace {

// Exchanges that began in another order than they ended, across many blocks: what lies far apart on the disk comes in turn.
TEST(ScriptStream, GivesTheRequestsInTheOrderOfTheScriptOverAndOver) {
  const support::TempDir folder;
  const std::string path = folder.path() / "x.traffic";
  auto writer = CaptureWriter::create(path, {});
  ASSERT_TRUE(writer);
  constexpr std::uint64_t count = 2000;
  for (std::uint64_t id = 1; id <= count; ++id) {
    Exchange exchange;
    exchange.id = id;
    const std::uint64_t began = id % 50 == 0 ? id - 49 : id;  // every fiftieth took long
    exchange.request_start = base::Time(std::chrono::seconds(1000)) + std::chrono::milliseconds(began);
    exchange.request = {"PUT /" + std::to_string(id) + " HTTP/1.1\r\nHost: x\r\n\r\n", std::string(1000, 'b')};
    ASSERT_TRUE(writer->append(exchange));
  }
  ASSERT_TRUE(writer->close());
  auto script = load_script(path, {.allow_writes = true, .memory_max = 1});
  ASSERT_TRUE(script);
  ASSERT_EQ(script->size(), count);
  auto stream = ScriptStream::open(*script);
  ASSERT_TRUE(stream);
  for (std::uint64_t n = 0; n < 2 * count; ++n) {
    const auto request = (*stream)->take();
    ASSERT_NE(request, nullptr);
    ASSERT_EQ(request->id, script->places[n % count].id) << n;
    ASSERT_EQ(request->body.size(), 1000u);
  }
  EXPECT_EQ((*stream)->unreadable(), 0u);
}

TEST(ScriptStream, EndsWhileItIsFull) {
  const support::TempDir folder;
  const std::string path = folder.path() / "x.traffic";
  auto writer = CaptureWriter::create(path, {});
  ASSERT_TRUE(writer);
  Exchange exchange;
  exchange.id = 1;
  exchange.request = {"PUT / HTTP/1.1\r\nHost: x\r\n\r\n", std::string(ScriptStream::ahead_bytes_max, 'b')};
  ASSERT_TRUE(writer->append(exchange));
  ASSERT_TRUE(writer->close());
  auto script = load_script(path, {.allow_writes = true, .memory_max = 1});
  ASSERT_TRUE(script);
  auto stream = ScriptStream::open(*script);
  ASSERT_TRUE(stream);
  EXPECT_NE((*stream)->take(), nullptr);
}

}  // namespace
}  // namespace stormproof::replay
