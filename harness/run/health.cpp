#include "harness/run/health.h"

#include <fmt/format.h>

#include "harness/base/task_group.h"
#include "harness/base/units.h"
#include "harness/wire/framer.h"
#include "harness/wire/pause.h"
#include "harness/wire/upstream_pool.h"

namespace stormproof::run {
namespace {

constexpr std::chrono::milliseconds between_tries{50};
constexpr std::chrono::seconds one_try_at_most{2};

// Cuts a try that takes too long.
class TryLimit final : private wire::Deadlines::Entry {
 public:
  TryLimit(wire::Deadlines& deadlines, wire::Connection& connection) : Entry(deadlines), connection_(connection) {
    set(one_try_at_most);
  }

 private:
  void on_deadline() override { connection_.close(); }
  wire::Connection& connection_;
};

// The status of the answer, or what went wrong.
base::Task<base::Result<int>> ask(wire::UpstreamPool& pool, wire::Deadlines& deadlines, std::string request) {
  wire::Socket* connecting = nullptr;
  auto connected = co_await pool.connect(&connecting);
  if (!connected) co_return base::fail(connected.error().error.message());
  std::unique_ptr<wire::Connection> connection = std::move(*connected);
  base::Result<int> result = base::fail("no answer within 2 s");
  {
    const TryLimit limit(deadlines, *connection);
    wire::Framer response(wire::MessageKind::response);
    if (const auto error = co_await connection->write(request); error) result = base::fail(error.message());
    while (!response.head_done()) {
      const wire::Step step = response.feed(connection->unread());
      if (step.progress == wire::Progress::head) {
        result = response.head().status;
      } else if (step.progress == wire::Progress::error) {
        result = base::fail("the answer is not HTTP: " + std::string(response.error()));
        break;
      } else {
        if (connection->full()) connection->reserve(wire::Connection::large_buffer);
        const wire::Arrival arrival = co_await connection->more();
        if (arrival.ended()) {
          if (arrival.eof) result = base::fail("the connection was closed without an answer");
          break;
        }
      }
    }
  }
  co_await wire::retire(std::move(connection));
  co_return result;
}

struct Waiting {
  const wire::Endpoint& endpoint;
  std::string request;
  std::chrono::steady_clock::time_point until;
  const std::function<std::optional<std::string>()>& gave_up;
  base::Result<void> result = {};
};

base::Task<> wait(wire::IoContext& io, Waiting& waiting) {
  wire::Deadlines deadlines(io);
  wire::Pause pause(io);
  {
    wire::UpstreamPool pool(io, deadlines, waiting.endpoint);
    while (true) {
      const base::Result<int> status = co_await ask(pool, deadlines, waiting.request);
      if (status && *status / 100 == 2) break;
      const std::string last = status ? fmt::format("it answers {}", *status) : status.error().message;
      const auto reason = waiting.gave_up();
      if (reason || std::chrono::steady_clock::now() >= waiting.until) {
        waiting.result = base::fail(reason.value_or(last));
        break;
      }
      co_await pause.lasting(between_tries);
    }
    co_await pool.close();
  }
  io.stop();
}

}  // namespace

base::Result<void> wait_until_reachable(const wire::Endpoint& endpoint, std::chrono::nanoseconds within,
                                        const std::function<std::optional<std::string>()>& gave_up) {
  const auto until = std::chrono::steady_clock::now() + within;
  while (true) {
    wire::IoContext io(wire::one_thread);
    wire::Socket socket(io);
    wire::ErrorCode code;
    socket.connect(endpoint, code);
    if (!code) return {};
    const auto reason = gave_up();
    if (reason || std::chrono::steady_clock::now() >= until) {
      return base::fail(fmt::format("cannot reach {} within {}: {}", wire::to_string(endpoint),
                                    base::format_duration_exact(within), reason.value_or(code.message())));
    }
    wire::Timer pause(io, between_tries);
    pause.wait(code);
  }
}

base::Result<void> wait_until_healthy(const wire::Endpoint& endpoint, const std::string& host, const std::string& path,
                                      std::chrono::nanoseconds within,
                                      const std::function<std::optional<std::string>()>& gave_up) {
  wire::IoContext io(wire::one_thread);
  Waiting waiting{endpoint,
                  fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: stormproof\r\nConnection: close\r\n\r\n", path, host),
                  std::chrono::steady_clock::now() + within, gave_up};
  base::TaskGroup group;
  group.spawn(wait(io, waiting));
  io.run();
  if (waiting.result) return {};
  return base::fail(fmt::format("GET http://{}{} was not healthy within {}: {}", host, path,
                                base::format_duration_exact(within), waiting.result.error().message));
}

}  // namespace stormproof::run
