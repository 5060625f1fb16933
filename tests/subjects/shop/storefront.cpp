#include "tests/subjects/shop/storefront.h"

#include <fmt/format.h>
#include <poll.h>

#include <charconv>
#include <optional>
#include <string_view>

namespace stormproof::subjects {
namespace {

// What follows `prefix`, where that is one segment of a path; else nothing. The query is left out.
std::string_view segment_after(std::string_view prefix, std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (!target.starts_with(prefix)) return {};
  target.remove_prefix(prefix.size());
  return target.find('/') == std::string_view::npos ? target : std::string_view{};
}

// The status that payments answered with; nothing where there was no answer.
std::optional<int> charge(const Message& request, std::string_view id, WebClient& payments) {
  const auto trace = request.header("traceparent");
  const std::string headers = trace ? "traceparent: " + *trace + "\r\n" : "";
  const bool post = request.word(0) == "POST";
  const auto answer =
      payments.call(post ? "POST" : "GET", fmt::format("/charge/{}", id), headers, post ? R"({"amount":3990})" : "");
  if (!answer) return std::nullopt;
  int status = 0;
  const std::string code = answer->word(1);
  std::from_chars(code.data(), code.data() + code.size(), status);
  return status;
}

}  // namespace

Storefront::Storefront(Options options)
    : options_(std::move(options)),
      breaker_({.sleep = options_.sleep, .opens = options_.version == 1},
               [this](std::string_view state) { note(state); }) {
  if (!options_.truth.empty()) truth_.open(options_.truth, std::ios::app);
  note("started");
}

void Storefront::note(std::string_view state) {
  if (!truth_.is_open()) return;
  const std::chrono::duration<double, std::milli> now = std::chrono::system_clock::now().time_since_epoch();
  truth_ << fmt::format("{{\"at_ms\":{:.3f},\"state\":\"{}\"}}\n", now.count(), state) << std::flush;
}

Reply Storefront::answer(const Message& request, WebClient& payments) {
  const std::string target = request.word(1);
  if (target == "/healthz") return {200, fmt::format(R"({{"status":"ok","version":{}}})", options_.version)};
  if (const auto id = segment_after("/products/", target); !id.empty()) {
    return {200, fmt::format(R"({{"id":"{}","price":1995}})", id)};
  }
  if (target == "/cart") return {200, R"({"items":2,"total":3990})"};
  if (const auto id = segment_after("/checkout/", target); !id.empty()) return checkout(request, id, payments);
  return {404, R"({"error":"no such page"})"};
}

Reply Storefront::checkout(const Message& request, std::string_view id, WebClient& payments) {
  Reply pending = {200, R"({"status":"pending"})"};
  const auto permit = breaker_.ask(std::chrono::steady_clock::now());
  if (!permit) return pending;
  const std::optional<int> status = charge(request, id, payments);
  const bool paid = status && *status >= 200 && *status < 500;
  breaker_.report(*permit, paid, std::chrono::steady_clock::now());
  if (paid) return {200, R"({"status":"paid"})"};
  if (options_.version == 1) return pending;
  return {status ? 503 : 502, R"({"error":"payments failed"})"};
}

Reply answer_as_payments(const Message& request, std::chrono::milliseconds work) {
  if (request.word(1) == "/healthz") return {200, R"({"status":"ok"})"};
  if (segment_after("/charge/", request.word(1)).empty()) return {404, R"({"error":"no such page"})"};
  ::poll(nullptr, 0, static_cast<int>(work.count()));
  return {200, R"({"charged":true})"};
}

}  // namespace stormproof::subjects
