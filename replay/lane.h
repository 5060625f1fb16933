// Lane: the requests of one recorded connection, over one connection and in their order.
//
// The next request goes out when the one before it has its answer, or, where it was pipelined in the recording, as soon as
// it is due. Pipelined requests under way are bounded in number and bytes: a target that answers none of them would else
// wait for us to read while we wait for it to read. A connection that ends in the middle is made once more, and counted;
// what was under way on it is lost, but for idempotent requests that found it dead after a rest: those are sent once more.
// One coroutine a lane, run() while there is something to do; owned by the sender, on its thread.
#pragma once

#include <deque>
#include <list>
#include <memory>

#include "harness/base/stop.h"
#include "harness/base/task.h"
#include "replay/answer_reader.h"
#include "replay/outbox.h"

namespace stormproof::replay {

class Lane final : public boost::intrusive::list_base_hook<>, private wire::Deadlines::Entry, private base::StopHook {
 public:
  static constexpr std::size_t pipelined_max = 64;
  static constexpr std::size_t pipelined_bytes_max = 64 * 1024;

  enum class State : std::uint8_t {
    resting,
    in_line,  // for a connection
    parked,   // its next request waits for an answer that comes elsewhere
    running,
  };

  Lane(Outbox& outbox, std::uint64_t number);

  // Its next request. While it runs, it sees to it; otherwise run() does.
  void add(Due due);

  // One of its requests is not sent: should it be the last, none will come any more.
  void miss(const Shot& shot) { last_added_ = last_added_ || shot.last; }

  // Sends all that is queued and may be sent, and reads the answers.
  base::Task<> run();

  // Nothing is left to do and nothing will come.
  bool finished() const { return last_added_ && queue_.empty() && in_flight_.empty(); }
  bool connected() const { return connection_ != nullptr; }
  std::uint64_t number() const { return number_; }
  base::Task<> close();

  std::deque<Due>& queue() { return queue_; }
  State state = State::resting;

 private:
  bool may_send() const;
  base::Task<bool> make_connected();
  base::Task<bool> connect();
  base::Task<> send_front();
  base::Task<> read_front();
  void lose(events::Outcome outcome, bool heard);
  void watch_front();
  void on_deadline() override;
  void on_stop() override { cut(events::Outcome::cancelled); }
  void cut(events::Outcome cause);

  Outbox& outbox_;
  std::uint64_t number_;
  std::deque<Due> queue_;
  std::list<UnderWay> in_flight_;  // in the order in which they went out, as their answers come
  std::size_t in_flight_bytes_ = 0;
  std::unique_ptr<wire::Connection> connection_;
  wire::ConnectAttempt* connecting_ = nullptr;
  AnswerReader reader_;
  std::uint64_t served_ = 0;  // on this connection
  bool made_once_ = false;
  bool last_added_ = false;
  bool reading_ = false;  // of the front's answer, which may be interrupted for a pipelined request
  bool begun_ = false;    // the front's answer
  bool cut_ = false;
  events::Outcome cause_ = events::Outcome::cancelled;
};

}  // namespace stormproof::replay
