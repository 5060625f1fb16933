// WorkerThread: an io_context and the thread that runs it, as a worker of a proxy is one.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>
#include <utility>

#include "harness/base/task_group.h"
#include "harness/proxy/roll_call.h"

namespace stormproof::proxy {

class WorkerThread {
 public:
  WorkerThread() : work_(io.get_executor()), thread_([this] { io.run(); }) {}
  ~WorkerThread() {
    io.stop();
    thread_.join();
  }

  // On the thread; returns when it is done.
  template <typename Work>
  auto call(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto result = task.get_future();
    wire::asio::post(io, [&task] { task(); });
    return result.get();
  }
  // Runs a task there to its end.
  void run(base::Task<> task) {
    std::promise<void> ended;
    call([&] { tasks_.spawn(then_tell(std::move(task), ended)); });
    ended.get_future().get();
  }

  RollCall::Worker pinged() {
    return [this](std::function<void()> ping) { wire::asio::post(io, std::move(ping)); };
  }

  wire::IoContext io{wire::one_thread};

 private:
  static base::Task<> then_tell(base::Task<> task, std::promise<void>& ended) {
    co_await std::move(task);
    ended.set_value();
  }

  wire::asio::executor_work_guard<wire::Executor> work_;
  base::TaskGroup tasks_;
  std::thread thread_;
};

}  // namespace stormproof::proxy
