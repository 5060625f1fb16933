#include "tests/subjects/suspect/caller.h"

#include <fmt/format.h>
#include <poll.h>

#include <charconv>
#include <cmath>
#include <deque>
#include <mutex>

namespace stormproof::subjects {
namespace {

using std::chrono::milliseconds;

// The calls that nobody waits for any more: open until the other side has answered and closed, or too many came later.
class Leaked {
 public:
  void keep(support::RawConnection connection) {
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= Caller::leaked_max) connections_.pop_front();
    connections_.push_back(std::move(connection));
  }

 private:
  std::mutex mutex_;
  std::deque<support::RawConnection> connections_;
};

Leaked& leaked() {
  static Leaked all;
  return all;
}

void rest(milliseconds duration) { ::poll(nullptr, 0, static_cast<int>(duration.count())); }

}  // namespace

bool Caller::call(std::string_view target, const std::optional<std::string>& traceparent) {
  const bool drops = options_.defect == Defect::drops_trace && unit() < dropped_share;
  const std::string headers = traceparent && !drops ? "traceparent: " + *traceparent + "\r\n" : "";
  const int attempts = options_.defect == Defect::endless_retries ? endless : options_.attempts;
  for (int made = 0; made < attempts; ++made) {
    if (made > 0) rest(wait_before(made));
    if (attempt(target, headers)) return true;
  }
  return false;
}

milliseconds Caller::wait_before(int attempt) {
  const int grown = std::min(attempt - 1, 3);
  double scale = std::pow(options_.factor, grown);
  if (options_.defect == Defect::endless_retries) scale = 0.1;
  if (options_.defect != Defect::no_jitter) scale *= 1 + options_.jitter * (2 * unit() - 1);
  return milliseconds(std::llround(static_cast<double>(options_.backoff.count()) * scale));
}

bool Caller::attempt(std::string_view target, std::string_view headers) {
  milliseconds within = options_.timeout;
  if (options_.defect == Defect::gives_up_late) within += within / 2;
  if (options_.defect == Defect::never_gives_up) within = std::chrono::minutes(10);
  const auto answer =
      exchange(fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}\r\n", target, options_.port, headers), within);
  if (!answer) return false;
  int status = 0;
  const std::string code = answer->word(1);
  std::from_chars(code.data(), code.data() + code.size(), status);
  return status >= 100 && status < 500;
}

base::Result<Message> Caller::exchange(std::string_view request, milliseconds within) {
  if (connection_) {
    pollfd entry = {.fd = connection_->fd(), .events = POLLIN, .revents = 0};
    if (::poll(&entry, 1, 0) != 0) connection_.reset();  // nothing is due, so this is the peer's end
  }
  if (!connection_) {
    auto fresh = support::RawConnection::connect(options_.port, within);
    if (!fresh) return std::unexpected(fresh.error());
    connection_.emplace(std::move(*fresh));
  }
  const auto sent = connection_->send(request, within);
  auto answer = sent ? receive(*connection_, within) : base::Result<Message>(std::unexpected(sent.error()));
  if (answer && answer->header("Connection").value_or("") != "close") return answer;
  if (!answer && options_.defect == Defect::call_leaks) leaked().keep(std::move(*connection_));
  connection_.reset();
  return answer;
}

}  // namespace stormproof::subjects
