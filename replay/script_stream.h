// ScriptStream: the requests of a script that stays on the disk, read by a thread ahead of their time.
//
// In the order of the script, over and over. At most `ahead_bytes_max` are held that were not taken yet. Whoever takes waits
// only where the disk is slower than the schedule: that is counted, and shows in the schedule error. A request that cannot be
// read is given as null. Taken from one thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "replay/script.h"

namespace stormproof::replay {

class ScriptStream {
 public:
  static constexpr std::size_t ahead_bytes_max = 64 << 20;
  static constexpr std::size_t ahead_max = 65'536;  // requests

  // The script outlives the stream. Opens the capture once more.
  static base::Result<std::unique_ptr<ScriptStream>> open(const Script& script);
  ~ScriptStream();

  // The next one; null: it could not be read.
  std::shared_ptr<const ScriptRequest> take();

  std::uint64_t stalls() const { return stalls_; }          // how often take() found nothing
  std::uint64_t unreadable() const { return unreadable_; }  // that were given as null

 private:
  ScriptStream(const Script& script, CaptureReader reader);
  void read();
  std::shared_ptr<const ScriptRequest> read_one(const ScriptPlace& place);

  const Script& script_;
  CaptureReader reader_;
  std::mutex mutex_;  // of the four below
  std::condition_variable changed_;
  std::deque<std::shared_ptr<const ScriptRequest>> ahead_;
  std::size_t ahead_bytes_ = 0;
  bool stopping_ = false;
  std::uint64_t stalls_ = 0;
  std::uint64_t unreadable_ = 0;
  std::thread thread_;
};

}  // namespace stormproof::replay
