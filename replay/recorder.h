// Recorder: writes the exchanges of a relay to a capture, and never makes the relay wait.
//
// On each relay thread a lane's taps copy the bytes of each exchange and hand them, whole, to one writer thread through a
// bounded ring of their own; large bodies go in pieces, so memory stays constant. When a ring is full (a slow disk), the
// exchange in hand is dropped, counted by cause in the capture's account. When the disk fails the relay goes on; what is
// lost is counted, the operator is told (see CaptureSeries). An exchange is recorded whole or not at all: exchanges
// recorded and dropped add up to those that were tapped. A crash loses what was not committed: what ended in its last
// 200 ms, and while one commit takes. Exchanges stand in the capture in the order in which they ended, those of several
// lanes up to a few milliseconds apart.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/bell.h"
#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/wire/intercept.h"
#include "replay/capture_series.h"
#include "replay/recording_lane.h"

namespace stormproof::replay {

struct RecorderOptions {
  std::size_t lanes = 1;               // threads that tap; 1 to Recorder::lanes_max
  std::size_t ring_bytes = 32 << 20;   // of each lane
  std::size_t part_bytes = 256 << 10;  // a body is handed over in pieces of this size, or less where the ring is small
  Rotation rotation;
  // Told what the operator should know, on the writer thread; of each kind of trouble once until it is over.
  std::function<void(const std::string&)> on_trouble;
};

class Recorder {
 public:
  static constexpr std::size_t lanes_max = 256;

  // Refuses a path that exists. The clock outlives the recorder, and may be asked by any of its threads.
  static base::Result<std::unique_ptr<Recorder>> start(const std::string& path, Meta meta, const base::Clock& clock,
                                                       RecorderOptions options = {});
  ~Recorder();

  // For one relay thread each, which alone may tap it. Every tap has ended before finish().
  wire::Tapper& lane(std::size_t number) { return *lanes_.at(number); }

  // Writes what is in the rings, closes the files, ends the thread. The account is that of all files. After an error it
  // may be called again.
  base::Result<Account> finish();

  // After finish(), whether it succeeded or not.
  Account account() const { return series_.account(); }
  // The same while it records, up to a nap of the writer old. Any thread.
  Account progress() const;
  std::uint64_t files_made() const { return series_.files_made(); }
  std::uint64_t files_deleted() const { return series_.files_deleted(); }

 private:
  Recorder(CaptureSeries series, const base::Clock& clock, const RecorderOptions& options);
  void stop();
  void write_all();
  bool drain_rings();
  void write_record(std::string_view record);
  void count_drops();
  void publish();

  CaptureSeries series_;
  const base::Clock& clock_;
  base::Bell bell_;
  std::atomic<std::uint64_t> next_id_{1};
  std::vector<std::unique_ptr<RecordingLane>> lanes_;
  std::atomic<bool> ending_{false};
  mutable std::mutex mutex_;  // of what follows; no relay takes it
  Account published_;
  std::thread thread_;
};

}  // namespace stormproof::replay
