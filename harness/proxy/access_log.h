// AccessLog: one line of JSON an exchange (access_line.h), for all workers, written by a thread of its own.
//
// Each worker has a lane, which stands at its relay's tap. Nothing here ever makes a relay wait: when the file is slow a
// lane's ring fills, lines are dropped and counted, and once there is room again the log says so itself, in a line
// {"dropped":N}. When the file takes nothing the lines are lost and counted, the operator is told once until it is over,
// and the log goes on. Lines of one worker stand in the order in which its exchanges ended; those of several up to
// `write_every` apart. At any time: exchanges ended = lines written + lost + in rings + dropped, where written and lost
// count the lines {"dropped":N}, too.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "harness/base/error.h"
#include "harness/proxy/access_lane.h"
#include "harness/proxy/line_file.h"
#include "harness/proxy/metrics.h"

namespace stormproof::proxy {

struct AccessLogOptions {
  std::string path = {};  // "-": standard output
  AccessLaneOptions lane = {};
  std::chrono::nanoseconds give_up_after = std::chrono::seconds(2);  // on a reader that stalls, once the log ends
  std::function<void(const std::string&)> on_trouble = {};           // one sentence, on the writer's thread
};

class AccessLog {
 public:
  static constexpr std::chrono::milliseconds write_every{50};
  static constexpr std::size_t batch_bytes = 256 << 10;          // written at once, or a line more
  static constexpr std::chrono::seconds same_trouble_after{60};  // trouble is not told more often

  static base::Result<std::unique_ptr<AccessLog>> open(AccessLogOptions options);
  // Writes what is in the rings. No tap is under way any more.
  ~AccessLog();

  // A new lane, for one relay thread, before `inner` (nullptr: none). It lives as long as the log: a reload that
  // changes what is within calls pass_to() on the lane that it has. Any thread.
  AccessLane& lane(wire::Tapper* inner);

  // The file is opened again before the next line (logrotate has moved the old one). Any thread.
  void reopen();

  // Any thread. Lines that wait in rings are in none of these yet.
  AccessLogReading counts() const;

 private:
  AccessLog(AccessLogOptions options, LineFile file);
  void write_all();
  void fill_batch();
  bool write_batch();
  void publish();
  void settle(const base::Result<void>& result);
  void tell(const base::Error& trouble) const;

  AccessLogOptions options_;
  // The writer's own.
  LineFile file_;
  std::string batch_;
  std::size_t first_lane_ = 0;  // of the next batch: each has its turn to be first
  bool in_trouble_ = false;
  std::chrono::steady_clock::time_point quiet_until_{};

  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<std::chrono::steady_clock::time_point> give_up_at_ = std::chrono::steady_clock::time_point::max();

  struct Member {
    std::unique_ptr<AccessLane> lane;
    std::uint64_t drops_told = 0;
  };
  mutable std::mutex mutex_;  // of what follows; no relay takes it while it relays
  std::condition_variable changed_;
  std::vector<Member> lanes_;
  bool reopen_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace stormproof::proxy
