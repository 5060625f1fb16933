// Recorder: writes the exchanges of a relay to a capture, and never makes the relay wait.
//
// On the relay's thread a tap copies the bytes of each exchange and hands them, whole, to a writer thread through a
// bounded ring; large bodies go in pieces, so memory stays constant. When the ring is full (a slow disk), the exchange
// in hand is dropped, counted by cause in the capture's account. When the disk fails the relay goes on; what is lost is
// counted, the operator is told. An exchange is recorded whole or not at all: exchanges recorded and dropped add up to
// those that were tapped. A crash loses what was not committed: at most CaptureWriter's 200 ms.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/byte_ring.h"
#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/wire/intercept.h"
#include "replay/capture_writer.h"

namespace stormproof::replay {

struct RecorderOptions {
  std::size_t ring_bytes = 32 << 20;
  std::size_t part_bytes = 256 << 10;  // a body is handed over in pieces of this size, or less where the ring is small
  // Told of each kind of trouble once, on the writer thread; at most Recorder::troubles_max times.
  std::function<void(const std::string&)> on_trouble;
};

class Recorder final : public wire::Tapper {
 public:
  static constexpr std::size_t heads_bytes_max =
      1 << 20;  // of one exchange, interim responses with them; more is not recorded
  static constexpr std::size_t troubles_max = 16;
  static constexpr std::size_t holed_max = 4096;  // exchanges under way that the disk has lost a piece of

  // Refuses a path that exists. The clock outlives the recorder.
  static base::Result<std::unique_ptr<Recorder>> start(const std::string& path, Meta meta, const base::Clock& clock,
                                                       RecorderOptions options = {});
  ~Recorder() override;

  // On the relay's thread. Every tap has ended before finish().
  wire::Tap* tap(const wire::RequestSight& request) override;

  // Writes what is in the ring, closes the file, ends the thread. The account is the capture's. After an error it may
  // be called again.
  base::Result<Account> finish();

 private:
  class Take;
  friend class Take;
  Recorder(CaptureWriter writer, const base::Clock& clock, RecorderOptions options);
  void write_all();
  void drain_ring();
  void write_record(std::string_view record);
  base::Result<void> write_part(std::uint64_t exchange, Direction direction, std::string_view bytes);
  void settle(base::Result<void> result);
  void count_drops();

  CaptureWriter writer_;
  const base::Clock& clock_;
  RecorderOptions options_;
  base::ByteRing ring_;
  std::vector<std::unique_ptr<Take>> takes_;  // all that were ever made: as many as exchanges were under way at once
  std::vector<Take*> free_takes_;
  std::uint64_t next_id_ = 1;

  struct Drops {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint64_t> bytes{0};
    std::uint64_t counted = 0;  // of them already in the account; writer thread
    std::uint64_t bytes_counted = 0;
    std::string_view cause;
    explicit Drops(std::string_view why) : cause(why) {}
  };
  Drops queue_full_{"dropped: queue full"};
  Drops heads_too_large_{"dropped: heads above 1 MiB"};
  Drops malformed_{"not recorded: malformed request, answered 400"};

  std::atomic<bool> ending_{false};
  std::set<std::string> troubles_;  // told already; writer thread
  std::set<std::uint64_t> holed_;   // exchanges of which the disk took not every piece; writer thread
  std::thread thread_;
};

}  // namespace stormproof::replay
