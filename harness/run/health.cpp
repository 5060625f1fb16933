#include "harness/run/health.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/task_group.h"
#include "harness/base/units.h"
#include "harness/wire/framer.h"
#include "harness/wire/pause.h"
#include "harness/wire/upstream_pool.h"

namespace stormproof::run {
namespace {

constexpr std::chrono::milliseconds between_tries{50};
constexpr std::chrono::seconds one_try_at_most{2};
constexpr std::chrono::milliseconds one_try_at_least{100};

// Cuts a try that takes too long.
class TryLimit final : private wire::Deadlines::Entry {
 public:
  TryLimit(wire::Deadlines& deadlines, wire::Connection& connection, std::chrono::nanoseconds at_most)
      : Entry(deadlines), connection_(connection) {
    set(at_most);
  }

 private:
  void on_deadline() override { connection_.close(); }
  wire::Connection& connection_;
};

// The status of the answer, or what went wrong. An empty request: a connection is enough.
base::Task<base::Result<int>> ask(wire::IoContext& io, wire::Deadlines& deadlines, const wire::Endpoint& endpoint,
                                  const wire::TlsPeer& tls, std::string request, std::chrono::nanoseconds at_most) {
  wire::UpstreamPool pool(io, deadlines, endpoint, {.connect = at_most}, tls);
  wire::ConnectAttempt* connecting = nullptr;
  auto connected = co_await pool.connect(&connecting);
  if (!connected) co_return base::fail(connected.error().error.message());
  std::unique_ptr<wire::Connection> connection = std::move(*connected);
  base::Result<int> result = base::fail("it takes the connection but does not answer");
  if (request.empty()) {
    result = 200;
  } else {
    const TryLimit limit(deadlines, *connection, at_most);
    wire::Framer response(wire::MessageKind::response);
    if (const auto error = co_await connection->write(request); error) result = base::fail(error.message());
    while (!response.head_done()) {
      const wire::Step step = response.feed(connection->unread());
      if (step.progress == wire::Progress::head && response.head().status / 100 == 1) {
        connection->consume(step.consumed);
        response.begin();
      } else if (step.progress == wire::Progress::head) {
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
  const wire::TlsPeer& tls;
  std::string request;
  std::chrono::steady_clock::time_point until;
  const std::function<std::optional<std::string>()>& gave_up;
  base::Result<void> result = {};
};

base::Task<> wait(wire::IoContext& io, Waiting& waiting) {
  wire::Deadlines deadlines(io);
  wire::Pause pause(io);
  while (true) {
    const std::chrono::nanoseconds left = waiting.until - std::chrono::steady_clock::now();
    const auto at_most = std::clamp<std::chrono::nanoseconds>(left, one_try_at_least, one_try_at_most);
    const base::Result<int> status =
        co_await ask(io, deadlines, waiting.endpoint, waiting.tls, waiting.request, at_most);
    if (status && *status / 100 == 2) break;
    const std::string last = status ? fmt::format("it answers {}", *status) : status.error().message;
    const auto reason = waiting.gave_up();
    if (reason || std::chrono::steady_clock::now() >= waiting.until) {
      waiting.result = base::fail(reason.value_or(last));
      break;
    }
    co_await pause.lasting(between_tries);
  }
  io.stop();
}

// Nothing, or why it never came.
base::Result<void> wait_for(const wire::Endpoint& endpoint, const wire::TlsPeer& tls, std::string request,
                            std::chrono::nanoseconds within,
                            const std::function<std::optional<std::string>()>& gave_up) {
  wire::IoContext io(wire::one_thread);
  Waiting waiting{endpoint, tls, std::move(request), std::chrono::steady_clock::now() + within, gave_up};
  base::TaskGroup group;
  group.spawn(wait(io, waiting));
  io.run();
  return waiting.result;
}

}  // namespace

base::Result<void> wait_until_reachable(const wire::Endpoint& endpoint, std::chrono::nanoseconds within,
                                        const std::function<std::optional<std::string>()>& gave_up,
                                        const wire::TlsPeer& tls) {
  const auto came = wait_for(endpoint, tls, "", within, gave_up);
  if (came) return {};
  return base::fail(fmt::format("cannot reach {} within {}: {}", wire::to_string(endpoint),
                                base::format_duration_exact(within), came.error().message));
}

base::Result<void> wait_until_healthy(const wire::Endpoint& endpoint, const std::string& host, const std::string& path,
                                      std::chrono::nanoseconds within,
                                      const std::function<std::optional<std::string>()>& gave_up,
                                      const wire::TlsPeer& tls) {
  const auto came = wait_for(
      endpoint, tls,
      fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: stormproof\r\nConnection: close\r\n\r\n", path, host),
      within, gave_up);
  if (came) return {};
  return base::fail(fmt::format("GET {}://{}{} was not healthy within {}: {}",
                                tls.context == nullptr ? "http" : "https", host, path,
                                base::format_duration_exact(within), came.error().message));
}

}  // namespace stormproof::run
