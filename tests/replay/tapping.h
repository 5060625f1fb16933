// Tapping: what the tests of the recorder share: taps made as a relay makes them, on the test's thread, and a writer thread
// that can be made to stand still.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "replay/capture_reader.h"
#include "replay/recorder.h"
#include "tests/replay/fixtures.h"
#include "tests/support/waiting.h"

namespace stormproof::replay {

inline constexpr std::string_view get_head = "GET /x HTTP/1.1\r\nHost: t\r\n\r\n";
inline constexpr std::string_view ok_head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

// Other threads than its maker's, once stopped, wait in now(). The writer asks it once a round.
class GateClock final : public base::Clock {
 public:
  base::Time now() const override {
    if (std::this_thread::get_id() != maker_) {
      std::unique_lock lock(mutex_);
      ++asked_;
      waiting_ = stopped_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return !stopped_; });
      waiting_ = false;
    }
    return clock_.now();
  }

  // Returns when the other thread waits.
  void stop() {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    changed_.wait(lock, [this] { return waiting_; });
  }
  void go_on() {
    const std::lock_guard lock(mutex_);
    stopped_ = false;
    changed_.notify_all();
  }
  // Returns when the other thread has gone through that many rounds.
  void let_it_work(int rounds = 5) {
    std::unique_lock lock(mutex_);
    const std::uint64_t until = asked_ + static_cast<std::uint64_t>(rounds);
    changed_.wait(lock, [&] { return asked_ >= until; });
  }

 private:
  base::SystemClock clock_;
  std::thread::id maker_ = std::this_thread::get_id();
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::uint64_t asked_ = 0;
  mutable bool waiting_ = false;
  bool stopped_ = false;
};

class RecorderTest : public testing::Test {
 protected:
  void start(RecorderOptions options = {}) {
    options.on_trouble = [this](const std::string& trouble) {
      const std::lock_guard lock(mutex_);
      told_.push_back(trouble);
    };
    auto started = Recorder::start(path_, {{"source", "test"}}, clock_, std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    recorder_ = std::move(*started);
  }

  wire::Tap* begin(std::uint64_t connection = 1, std::uint64_t shadow_of = 0) {
    head_.bytes = get_head;
    ++tapped_;
    return recorder_->lane(0).tap({head_, connection, tapped_, clock_.now(), shadow_of});
  }

  void end(wire::Tap* tap, events::Outcome outcome = events::Outcome::answered) {
    events::Exchange event;
    event.outcome = outcome;
    event.first_byte = event.end = clock_.now();
    tap->ended(event);
  }

  // A whole small exchange.
  void exchange(std::string_view body = "ok") {
    wire::Tap* const tap = begin();
    tap->bytes(wire::Part::request_head, get_head);
    tap->bytes(wire::Part::response_head, ok_head);
    tap->bytes(wire::Part::response_body, body);
    end(tap);
  }

  Account finish() {
    auto account = recorder_->finish();
    EXPECT_TRUE(account) << account.error().message;
    recorder_.reset();
    return account ? *account : Account{};
  }

  static std::uint64_t count_of(const Account& account, std::string_view cause) {
    const auto found = account.find(cause);
    return found == account.end() ? 0 : found->second.count;
  }
  // Recorded, dropped and not recorded, but nothing that is told besides.
  static std::uint64_t accounted_for(const Account& account) {
    std::uint64_t all = 0;
    for (const auto& [cause, tally] : account) all += cause == cause_body_alone ? 0 : tally.count;
    return all;
  }

  std::vector<Exchange> read() { return read(path_); }
  std::vector<Exchange> read(const std::string& path) {
    auto reader = CaptureReader::open(path);
    EXPECT_TRUE(reader) << reader.error().message;
    if (!reader) return {};
    torn_ = reader->torn();
    const Contents contents = read_all(*reader);
    EXPECT_TRUE(contents.errors.empty()) << contents.errors.front();
    return contents.exchanges;
  }

  std::vector<std::string> told() {
    const std::lock_guard lock(mutex_);
    return told_;
  }
  // Until that many lines were told to the operator.
  [[nodiscard]] bool is_told(std::size_t lines) {
    return support::eventually(std::chrono::seconds(20), [&] { return told().size() >= lines; });
  }

  GateClock clock_;
  Folder folder_;
  std::string path_ = folder_.file("a.traffic");
  std::unique_ptr<Recorder> recorder_;
  wire::Head head_;
  std::uint64_t tapped_ = 0;
  bool torn_ = false;

 private:
  std::mutex mutex_;
  std::vector<std::string> told_;
};

}  // namespace stormproof::replay
