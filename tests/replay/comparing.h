// Comparing: what the tests of pairing and confirmation share: servers whose answers depend on the request, scripts, a loop.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "replay/pairing.h"
#include "tests/replay/sending.h"

namespace stormproof::replay {

// "GET /x HTTP/1.1 …" to a whole response.
using Respond = std::function<std::string(std::string_view request)>;

inline RawServer::Play responding(Respond respond) {
  return [respond](RawConnection& connection) {
    for (std::string request = read_request(connection); !request.empty(); request = read_request(connection)) {
      if (!connection.send(respond(request))) return;
    }
  };
}

inline std::string with_body(std::string_view body) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", body.size(),
                     body);
}

inline Script script_of(const std::vector<std::pair<std::string, std::uint64_t>>& targets_and_sessions,
                        std::string method = "GET") {
  Script script;
  for (const auto& [target, session] : targets_and_sessions) {
    ScriptRequest request;
    request.id = script.requests.size() + 1;
    request.session = session;
    request.method = method;
    request.target = target;
    request.fields = fmt::format("{} {} HTTP/1.1\r\nHost: target\r\n", method, target);
    script.add(std::move(request));
  }
  return script;
}

class PairingTest : public testing::Test {
 protected:
  static std::vector<PairingTarget> to(const std::vector<std::uint16_t>& ports) {
    std::vector<PairingTarget> targets;
    for (const std::uint16_t port : ports) targets.push_back({{wire::asio::ip::address_v4::loopback(), port}, {}});
    return targets;
  }

  // Runs a task with a pairing that lives on this loop, and closes the pairing.
  void with(std::vector<std::uint16_t> ports, PairingOptions options, const Script& script,
            const std::function<base::Task<>(Pairing&)>& work) {
    Pairing pairing(io_, clock_, to(ports), options, script);
    io_.restart();  // before it begins: it may end at once
    tasks_.spawn(drive(pairing, work));
    io_.run();
  }

  base::Task<> drive(Pairing& pairing, const std::function<base::Task<>(Pairing&)>& work) {
    co_await work(pairing);
    co_await pairing.close();
    io_.stop();
  }

  base::SystemClock clock_;
  wire::IoContext io_{wire::one_thread};
  base::TaskGroup tasks_;
};

}  // namespace stormproof::replay
