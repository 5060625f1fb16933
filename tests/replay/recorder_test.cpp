#include "replay/recorder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <mutex>

#include "replay/capture_reader.h"
#include "tests/replay/fixtures.h"
#include "tests/support/waiting.h"

namespace stormproof::replay {
namespace {

using events::Outcome;
using wire::Part;

constexpr std::string_view get_head = "GET /x HTTP/1.1\r\nHost: t\r\n\r\n";
constexpr std::string_view ok_head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

// Counts how often other threads than its maker's have asked: the writer does so once a round.
class CountingClock final : public base::Clock {
 public:
  base::Time now() const override {
    if (std::this_thread::get_id() != maker_) ++asked_by_others_;
    return clock_.now();
  }
  std::uint64_t asked_by_others() const { return asked_by_others_; }

 private:
  base::SystemClock clock_;
  std::thread::id maker_ = std::this_thread::get_id();
  mutable std::atomic<std::uint64_t> asked_by_others_ = 0;
};

// Makes taps as a relay does, on the test's thread.
class RecorderTest : public testing::Test {
 protected:
  void start(RecorderOptions options = {}) {
    auto started = Recorder::start(path_, {{"source", "test"}}, clock_, std::move(options));
    ASSERT_TRUE(started) << started.error().message;
    recorder_ = std::move(*started);
  }

  wire::Tap* begin(std::uint64_t connection = 1) {
    head_.bytes = get_head;
    ++tapped_;
    return recorder_->tap({head_, connection, tapped_, clock_.now()});
  }

  void end(wire::Tap* tap, Outcome outcome = Outcome::answered) {
    events::Exchange event;
    event.outcome = outcome;
    event.first_byte = event.end = clock_.now();
    tap->ended(event);
  }

  // A whole small exchange.
  void exchange(std::string_view body = "ok") {
    wire::Tap* const tap = begin();
    tap->bytes(Part::request_head, get_head);
    tap->bytes(Part::response_head, ok_head);
    tap->bytes(Part::response_body, body);
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

  std::vector<Exchange> read() {
    auto reader = CaptureReader::open(path_);
    EXPECT_TRUE(reader) << reader.error().message;
    if (!reader) return {};
    torn_ = reader->torn();
    const Contents contents = read_all(*reader);
    EXPECT_TRUE(contents.errors.empty()) << contents.errors.front();
    return contents.exchanges;
  }

  // Moves the capture away: the writer finds it moved at its next commit, and `on_trouble` blocks it until release().
  RecorderOptions blocking() {
    RecorderOptions options;
    options.on_trouble = [this](const std::string&) {
      blocked_ = true;
      released_.get_future().wait();
    };
    return options;
  }
  void block() {
    std::filesystem::rename(path_, moved_);
    exchange();
    ASSERT_TRUE(support::eventually(std::chrono::seconds(10), [this] { return blocked_.load(); }));
  }
  void release() {
    std::filesystem::rename(moved_, path_);
    released_.set_value();
  }

  CountingClock clock_;
  Folder folder_;
  std::string path_ = folder_.file("a.traffic");
  std::string moved_ = folder_.file("moved.traffic");
  std::unique_ptr<Recorder> recorder_;
  wire::Head head_;
  std::uint64_t tapped_ = 0;
  bool torn_ = false;
  std::atomic<bool> blocked_ = false;
  std::promise<void> released_;
};

TEST_F(RecorderTest, AnExchangeIsRecordedByteForByte) {
  start();
  const base::Time before = clock_.now();
  wire::Tap* const tap = begin(42);
  const std::string request_head = "POST /a?b HTTP/1.1\r\nhOST:  odd \r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string request_body = std::string("3\r\n\0\xff\n\r\n", 8) + "0\r\nX-Trailer: 1\r\n\r\n";
  tap->bytes(Part::request_head, request_head);
  tap->bytes(Part::request_body, std::string_view(request_body).substr(0, 5));
  tap->bytes(Part::request_body, std::string_view(request_body).substr(5));
  tap->bytes(Part::interim, "HTTP/1.1 100 Continue\r\n\r\n");
  tap->bytes(Part::interim, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  tap->bytes(Part::response_head, ok_head);
  tap->bytes(Part::response_body, "o");
  tap->bytes(Part::response_body, "k");
  end(tap);
  const Account account = finish();
  EXPECT_EQ(count_of(account, "recorded"), 1u);
  EXPECT_EQ(account.size(), 1u) << "nothing was lost, and so no cause is named";
  const auto exchanges = read();
  EXPECT_FALSE(torn_);
  ASSERT_EQ(exchanges.size(), 1u);
  const Exchange& exchange = exchanges[0];
  EXPECT_EQ(exchange.request.head, request_head);
  EXPECT_EQ(exchange.request.body, request_body);
  EXPECT_EQ(exchange.interim, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
  EXPECT_EQ(exchange.response.head, ok_head);
  EXPECT_EQ(exchange.response.body, "ok");
  EXPECT_EQ(exchange.ending, Ending::complete);
  EXPECT_EQ(exchange.connection, 42u);
  EXPECT_EQ(exchange.id, 1u);
  EXPECT_GE(exchange.request_start, before);
  EXPECT_GE(exchange.request_end, exchange.request_start);
  EXPECT_GE(exchange.response_start, exchange.request_end);
  EXPECT_GE(exchange.response_end, exchange.response_start);
}

TEST_F(RecorderTest, LargeBodiesInPiecesAreWholeAgain) {
  RecorderOptions options;
  options.part_bytes = 4096;
  start(std::move(options));
  const std::string up = noise(1, 300'001);
  const std::string down = noise(2, 1'500'000);
  wire::Tap* const large = begin();
  wire::Tap* const other = begin();
  large->bytes(Part::request_head, get_head);
  other->bytes(Part::request_head, get_head);
  other->bytes(Part::response_head, ok_head);
  std::size_t sent = 0;
  large->bytes(Part::response_head, ok_head);
  for (std::size_t at = 0; at < down.size(); at += 50'000) {
    large->bytes(Part::response_body, std::string_view(down).substr(at, 50'000));
    large->bytes(Part::request_body, std::string_view(up).substr(sent, 11'000));
    other->bytes(Part::response_body, std::string_view(up).substr(sent, 11'000));
    sent = std::min(up.size(), sent + 11'000);
  }
  ASSERT_EQ(sent, up.size());
  end(other);
  end(large);
  EXPECT_EQ(count_of(finish(), "recorded"), 2u);
  const auto exchanges = read();
  ASSERT_EQ(exchanges.size(), 2u);
  EXPECT_TRUE(exchanges[0].response.body == up);
  EXPECT_TRUE(exchanges[1].request.body == up);
  EXPECT_TRUE(exchanges[1].response.body == down);
}

TEST_F(RecorderTest, EveryEndingIsKept) {
  start();
  const std::pair<Outcome, Ending> endings[] = {
      {Outcome::answered, Ending::complete},
      {Outcome::cancelled, Ending::client_left},
      {Outcome::refused, Ending::response_missing},
      {Outcome::connect_timeout, Ending::response_missing},
      {Outcome::head_timeout, Ending::response_missing},
      {Outcome::bad_response, Ending::response_missing},
      {Outcome::reset, Ending::reset},
      {Outcome::idle_timeout, Ending::reset},
  };
  for (const auto& [outcome, ending] : endings) {
    wire::Tap* const tap = begin();
    tap->bytes(Part::request_head, get_head);
    if (outcome == Outcome::answered || outcome == Outcome::reset) tap->bytes(Part::response_head, ok_head);
    end(tap, outcome);
  }
  finish();
  const auto exchanges = read();
  ASSERT_EQ(exchanges.size(), std::size(endings));
  for (std::size_t i = 0; i < exchanges.size(); ++i) EXPECT_EQ(exchanges[i].ending, endings[i].second) << i;
  EXPECT_EQ(exchanges[2].response_start, base::Time{}) << "what the relay itself answered was not received";
  EXPECT_EQ(exchanges[2].response_end, base::Time{});
}

TEST_F(RecorderTest, AnAnswerOfTheRelayItselfIsNoResponse) {
  start();
  wire::Tap* const tap = begin();
  tap->bytes(Part::request_head, get_head);
  end(tap, Outcome::faulted);
  finish();
  const auto exchanges = read();
  ASSERT_EQ(exchanges.size(), 1u);
  EXPECT_EQ(exchanges[0].ending, Ending::response_missing);
}

TEST_F(RecorderTest, AMalformedRequestIsCountedAndNotRecorded) {
  start();
  wire::Tap* const tap = begin();
  tap->bytes(Part::request_head, "GET\r\n");
  end(tap, Outcome::bad_request);
  exchange();
  const Account account = finish();
  EXPECT_EQ(count_of(account, "recorded"), 1u);
  EXPECT_EQ(account.find("not recorded: malformed request, answered 400")->second, (Tally{1, 5}));
  EXPECT_EQ(read().size(), 1u);
}

TEST_F(RecorderTest, InterimResponsesWithoutEndAreGivenUp) {
  start();
  wire::Tap* const tap = begin();
  tap->bytes(Part::request_head, get_head);
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n";
  const std::size_t rounds = 2 * Recorder::heads_bytes_max / hints.size();
  for (std::size_t i = 0; i < rounds; ++i) tap->bytes(Part::interim, hints);
  tap->bytes(Part::response_head, ok_head);
  end(tap);
  exchange();
  const Account account = finish();
  EXPECT_EQ(count_of(account, "recorded"), 1u);
  EXPECT_EQ(account.find("dropped: heads above 1 MiB")->second,
            (Tally{1, get_head.size() + rounds * hints.size() + ok_head.size()}));
}

// The writer stands still as with a disk that hangs: no call here waits, and what finds no room is counted.
TEST_F(RecorderTest, AFullRingDropsWholeExchangesAndCountsThem) {
  RecorderOptions options = blocking();
  options.ring_bytes = 64 << 10;
  options.part_bytes = 4096;
  start(std::move(options));
  block();
  wire::Tap* const half = begin();
  half->bytes(Part::request_head, get_head);
  half->bytes(Part::response_head, ok_head);
  half->bytes(Part::response_body, noise(1, 20'000));  // some of it finds room
  std::uint64_t ended = 1;                             // by block()
  for (std::uint64_t i = 0; i < 500; ++i, ++ended) exchange(noise(i, 1'000));
  half->bytes(Part::response_body, noise(2, 20'000));
  end(half);
  ++ended;
  release();
  const Account account = finish();
  const std::uint64_t recorded = count_of(account, "recorded");
  EXPECT_EQ(recorded + count_of(account, "dropped: queue full"), ended);
  EXPECT_GT(recorded, 10u) << "what fitted was kept";
  EXPECT_LT(recorded, 100u);
  const auto exchanges = read();
  EXPECT_EQ(exchanges.size(), recorded);
  for (const Exchange& each : exchanges) {
    ASSERT_NE(each.id, 2u) << "the half one is not among them";
    EXPECT_TRUE(each.response.body == "ok" || each.response.body == noise(each.id - 3, 1'000)) << each.id;
  }
  EXPECT_EQ(count_of(account, cause_body_alone), 1u) << "its pieces are told apart";
}

TEST_F(RecorderTest, ASmallRingStillTakesBodiesThatFitIt) {
  RecorderOptions options;
  options.ring_bytes = 64 << 10;  // smaller than the piece that is asked for
  start(std::move(options));
  const std::string up = noise(3, 20'000);
  const std::string down = noise(4, 20'000);
  wire::Tap* const tap = begin();
  tap->bytes(Part::request_head, get_head);
  tap->bytes(Part::request_body, up);
  tap->bytes(Part::response_head, ok_head);
  tap->bytes(Part::response_body, down);
  end(tap);
  EXPECT_EQ(count_of(finish(), "recorded"), 1u);
  const auto exchanges = read();
  ASSERT_EQ(exchanges.size(), 1u);
  EXPECT_TRUE(exchanges[0].request.body == up);
  EXPECT_TRUE(exchanges[0].response.body == down);
}

// No file of this process grows beyond that, as if the disk were full; lifted at the end.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    before_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit tight = {bytes, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &tight);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    ::signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_ = {};
  sighandler_t before_ = SIG_DFL;
};

TEST_F(RecorderTest, AFullDiskIsToldOnceCountedAndLeavesNoHoles) {
  std::mutex mutex;
  std::vector<std::string> troubles;
  RecorderOptions options;
  options.on_trouble = [&](const std::string& trouble) {
    const std::lock_guard lock(mutex);
    troubles.push_back(trouble);
  };
  start(std::move(options));
  const std::string piece = noise(9, 1 << 20);
  std::uint64_t ended = 0;
  const auto whole_ones = [&](int count) {
    for (int i = 0; i < count; ++i, ++ended) exchange(piece);
  };
  // All that was handed over has been taken out of the ring, and a commit was tried.
  const auto let_the_writer_work = [&] {
    const std::uint64_t rounds = clock_.asked_by_others();
    ASSERT_TRUE(support::eventually(std::chrono::seconds(20), [&] { return clock_.asked_by_others() >= rounds + 5; }));
  };
  wire::Tap* const across = begin();  // begun before the trouble, ended after it
  across->bytes(Part::request_head, get_head);
  across->bytes(Part::response_head, ok_head);
  across->bytes(Part::response_body, piece);
  {
    const FileSizeLimit limit(2 << 20);
    whole_ones(12);  // more than the writer keeps for better times
    ASSERT_TRUE(support::eventually(std::chrono::seconds(20), [&] {
      const std::lock_guard lock(mutex);
      return !troubles.empty();
    }));
    let_the_writer_work();
    across->bytes(Part::response_body, piece);  // lost
    whole_ones(2);
    let_the_writer_work();
  }
  let_the_writer_work();
  across->bytes(Part::response_body, piece);
  end(across);
  ++ended;
  for (int i = 0; i < 3; ++i, ++ended) exchange("after");
  const Account account = finish();
  ASSERT_EQ(troubles.size(), 1u) << troubles.back();
  EXPECT_NE(troubles[0].find(path_), std::string::npos) << troubles[0];
  EXPECT_EQ(count_of(account, "recorded") + count_of(account, "dropped: disk trouble"), ended);
  EXPECT_GE(count_of(account, "dropped: disk trouble"), 3u) << "the one with the hole and the two after it";
  const auto exchanges = read();
  EXPECT_FALSE(torn_) << "the disk had room again before the end";
  EXPECT_EQ(exchanges.size(), count_of(account, "recorded"));
  std::size_t after = 0;
  for (const Exchange& each : exchanges) {
    EXPECT_NE(each.id, 1u) << "a body with a hole in it is not recorded";
    if (each.response.body == "after") ++after;
    else EXPECT_TRUE(each.response.body == piece) << each.id;
  }
  EXPECT_EQ(after, 3u) << "it goes on when the disk has room again";
}

TEST_F(RecorderTest, AnExistingFileIsRefused) {
  write_bytes(path_, "somebody's");
  const auto started = Recorder::start(path_, {}, clock_);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().message.find("exists already"), std::string::npos);
  EXPECT_EQ(read_bytes(path_), "somebody's");
}

TEST_F(RecorderTest, WithoutFinishTheFileIsTornAndOpens) {
  start();
  exchange();
  recorder_.reset();
  EXPECT_LE(read().size(), 1u);
  EXPECT_TRUE(torn_);
}

TEST_F(RecorderTest, FinishMayBeCalledAgain) {
  start();
  exchange();
  ASSERT_TRUE(recorder_->finish());
  static_cast<void>(recorder_->finish());
  recorder_.reset();
  EXPECT_EQ(read().size(), 1u);
  EXPECT_FALSE(torn_);
}

// What a process that records and its murderer both see.
struct Diary {
  static constexpr std::size_t entries_max = 100'000;
  std::atomic<std::uint64_t> ended;
  std::array<std::atomic<std::int64_t>, entries_max> at;  // steady clock
};

std::int64_t steady_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

TEST_F(RecorderTest, AKillLosesAFewHundredMillisecondsAtMost) {
  void* const shared = ::mmap(nullptr, sizeof(Diary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto* const diary = static_cast<Diary*>(shared);
  const pid_t child = ::fork();
  if (child == 0) {
    start();
    wire::IoContext io(wire::one_thread);
    wire::Timer tick(io);
    for (std::uint64_t i = 0; i < Diary::entries_max; ++i) {
      exchange(std::to_string(i));
      diary->at[i] = steady_now();
      diary->ended = i + 1;
      tick.expires_after(std::chrono::microseconds(200));
      tick.wait();
    }
    _exit(1);
  }
  EXPECT_TRUE(support::eventually(std::chrono::seconds(20),
                                  [&] { return diary->ended > 0 && steady_now() - diary->at[0] > 500'000'000; }));
  ::kill(child, SIGKILL);
  const std::int64_t killed = steady_now();
  ::waitpid(child, nullptr, 0);
  const std::uint64_t ended = diary->ended;

  const auto exchanges = read();
  EXPECT_TRUE(torn_);
  ASSERT_FALSE(exchanges.empty());
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    ASSERT_EQ(exchanges[i].id, i + 1) << "in order and without gaps";
    ASSERT_EQ(exchanges[i].response.body, std::to_string(i));
  }
  ASSERT_LE(exchanges.size(), ended + 1);
  if (exchanges.size() < ended) {
    // 200 ms are promised; a machine under load may take longer to let the writer run.
    EXPECT_LT(killed - diary->at[exchanges.size()], 600'000'000) << exchanges.size() << " of " << ended;
  }
  ::munmap(shared, sizeof(Diary));
}

}  // namespace
}  // namespace stormproof::replay
