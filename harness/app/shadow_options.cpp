#include "harness/app/shadow_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>

#include "harness/base/units.h"

namespace stormproof::app {
namespace {

constexpr std::array<std::string_view, 4> methods_that_read = {"GET", "HEAD", "OPTIONS", "TRACE"};

bool reads(std::string_view method) { return std::ranges::find(methods_that_read, method) != methods_that_read.end(); }

base::Result<std::vector<std::string>> methods_of(const ShadowChoices& choices) {
  if (choices.methods.empty()) {
    return choices.writes ? std::vector<std::string>{} : proxy::ShadowOptions{}.only.methods;
  }
  std::vector<std::string> methods = choices.methods;
  for (std::string& method : methods) {
    std::ranges::transform(method, method.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (!choices.writes && !reads(method)) {
      return base::fail(fmt::format("{} may change something at the shadow's candidate: add --shadow-writes", method));
    }
  }
  return methods;
}

wire::Endpoint plain(const wire::Endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = wire::asio::ip::make_address_v4(wire::asio::ip::v4_mapped, address.to_v6());
  }
  return {address, endpoint.port()};
}

// Only an address of this machine can be bound to.
bool is_of_this_machine(const wire::asio::ip::address& address) {
  wire::IoContext io(wire::one_thread);
  wire::asio::ip::tcp::socket socket(io);
  wire::ErrorCode code;
  const wire::Endpoint any_port(address, 0);
  socket.open(any_port.protocol(), code);
  if (!code) socket.bind(any_port, code);
  return !code;
}

// Whether who connects to `target` comes to the server at `server`. Unspecified, a server listens on all addresses of
// this machine, and a target is this machine.
bool reaches(const wire::Endpoint& target, const wire::Endpoint& server) {
  const wire::Endpoint to = plain(target);
  const wire::Endpoint at = plain(server);
  if (to.port() != at.port()) return false;
  if (to.address() == at.address()) return true;
  if (at.address().is_unspecified()) return is_of_this_machine(to.address());
  return to.address().is_unspecified() && at.address().is_loopback();
}

}  // namespace

void add_shadow_options(CLI::App& command, ShadowChoices& choices) {
  auto* const shadow = command.add_option("--shadow", choices.url,
                                          "a candidate that gets a copy of live requests, like http://127.0.0.1:9091; "
                                          "clients never wait for it");
  command.add_option("--shadow-share", choices.share, "of the requests that are chosen by method and path")
      ->capture_default_str()
      ->needs(shadow);
  command
      .add_option("--shadow-methods", choices.methods,
                  "shadow these methods, like GET,HEAD; otherwise GET, HEAD and OPTIONS, with --shadow-writes all")
      ->delimiter(',')
      ->needs(shadow);
  command.add_option("--shadow-paths", choices.paths, "shadow these paths, globs with *")->needs(shadow);
  command.add_flag("--shadow-writes", choices.writes, "shadow also methods that may change something at the candidate")
      ->needs(shadow);
  command
      .add_option("--shadow-memory", choices.memory, "the most that the shadow may hold; beyond it, it drops copies")
      ->capture_default_str()
      ->needs(shadow);
  command
      .add_option("--shadow-delay-max", choices.delay_max,
                  "the shadow switches itself off when the relay's own delay has a p99 above this")
      ->capture_default_str()
      ->needs(shadow);
}

base::Result<proxy::ShadowOptions> shadow_options(const ShadowChoices& choices) {
  const auto share = base::parse_percent(choices.share);
  if (!share) return std::unexpected(share.error());
  const auto memory = base::parse_bytes(choices.memory);
  if (!memory) return std::unexpected(memory.error());
  const auto delay_max = base::parse_duration(choices.delay_max);
  if (!delay_max) return std::unexpected(delay_max.error());
  auto methods = methods_of(choices);
  if (!methods) return std::unexpected(methods.error());
  proxy::ShadowOptions options;
  options.share = *share;
  options.memory_bytes_max = *memory;
  if (const std::size_t least = proxy::Shadow::least_memory(options.connections_max); *memory < least) {
    return base::fail(
        fmt::format("--shadow-memory {} is too little: at least {}", choices.memory, base::format_bytes(least)));
  }
  options.added_p99_max = *delay_max;
  options.only = {.methods = std::move(*methods), .paths = choices.paths};
  return options;
}

base::Result<wire::Endpoint> shadow_candidate(const std::string& url) {
  const auto origin = wire::parse_origin(url);
  if (!origin) return std::unexpected(origin.error());
  if (origin->scheme != "http")
    return base::fail(fmt::format("a shadow speaks http only, and the candidate is {}", url));
  return wire::resolve(origin->host, origin->port);
}

base::Result<void> refuse_loop(const wire::Endpoint& candidate, const wire::Endpoint& upstream,
                               const wire::Endpoint& listener) {
  if (reaches(candidate, upstream)) {
    return base::fail(fmt::format("the shadow {} is the upstream itself: it would get its requests twice",
                                  wire::to_string(candidate)));
  }
  if (reaches(candidate, listener)) {
    return base::fail(
        fmt::format("the shadow {} is where we listen: it would shadow its own shadows", wire::to_string(candidate)));
  }
  return {};
}

std::string account_of(const proxy::ShadowCounts& counts) {
  std::string text;
  const auto line = [&text](std::uint64_t count, std::string_view what, std::string_view why = "") {
    if (count > 0) text += fmt::format("{:>10}  shadow: {}{}\n", count, what, why);
  };
  line(counts.chosen, "requests chosen");
  line(counts.sent, "sent");
  line(counts.answered, "answered");
  for (std::size_t i = 0; i < proxy::shadow_losses; ++i) {
    line(counts.failed[i], "failed: ", to_string(static_cast<proxy::ShadowLoss>(i)));
  }
  for (std::size_t i = 0; i < proxy::shadow_losses; ++i) {
    line(counts.dropped[i], "dropped: ", to_string(static_cast<proxy::ShadowLoss>(i)));
  }
  return text.empty() ? fmt::format("{:>10}  shadow: requests chosen\n", 0) : text;
}

}  // namespace stormproof::app
