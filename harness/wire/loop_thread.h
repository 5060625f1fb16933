// LoopThread: an io_context and the one thread that runs it.
//
// What lives on it is made, used and ended there, through call(), which waits for its result. end() leaves the loop after the
// call under way; whatever still lives on the loop is then the owner's to destroy.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>

#include "harness/base/task_group.h"
#include "harness/wire/net.h"

namespace stormproof::wire {

class LoopThread {
 public:
  LoopThread();
  ~LoopThread();
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  IoContext& io() { return io_; }

  // Runs `work` on the loop and gives back what it returns. Not to be called on the loop itself.
  template <typename Work>
  auto call(Work work) -> std::invoke_result_t<Work> {
    std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
    auto result = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return result.get();
  }

  // The same, but waits no longer than this: nothing, where the loop was not done by then. `work` may still run later
  // and must own what it uses.
  template <typename Work>
  auto call_within(std::chrono::nanoseconds at_most, Work work) -> std::optional<std::invoke_result_t<Work>> {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Work>()>>(std::move(work));
    auto result = task->get_future();
    boost::asio::post(io_, [task] { (*task)(); });
    if (result.wait_for(at_most) != std::future_status::ready) return std::nullopt;
    return result.get();
  }

  // Runs a task on the loop to its end.
  void run(base::Task<> task);

  void end();

 private:
  IoContext io_{one_thread};
  boost::asio::executor_work_guard<Executor> work_;
  base::TaskGroup tasks_;
  std::thread thread_;
};

}  // namespace stormproof::wire
