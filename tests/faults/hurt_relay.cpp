#include "tests/faults/hurt_relay.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <utility>

namespace stormproof::faults {

HurtRelay::HurtRelay(support::RawServer::Play upstream, bool http, std::uint64_t seed)
    : upstream_(std::move(upstream)), board_(clock_, &told_, {}, seed) {
  const auto made = board_.create({.name = "t",
                                   .listen = "127.0.0.1:0",
                                   .upstream = fmt::format("127.0.0.1:{}", upstream_.port()),
                                   .enabled = true,
                                   .http = http});
  if (!made) {
    ADD_FAILURE() << made.error().message;
    return;
  }
  port_ = wire::parse_listen_address(made->listen).value().port();
}

void HurtRelay::echo(support::RawConnection& peer) {
  std::array<char, 4096> bytes;
  while (true) {
    const ssize_t got = ::recv(peer.fd(), bytes.data(), bytes.size(), 0);
    if (got <= 0 || !peer.send({bytes.data(), static_cast<std::size_t>(got)})) return;
  }
}

void HurtRelay::set(const std::string& name, StreamFaultKind kind, Direction direction, Place place, double share) {
  const bool stands = [&] {
    for (const auto& state : board_.state("t")->faults) {
      if (state.fault.name == name) return true;
    }
    return false;
  }();
  const auto set = board_.set_fault("t", {.fault = {name, direction, place, share, std::move(kind)}}, stands);
  if (!set) ADD_FAILURE() << set.error().message;
}

void HurtRelay::withdraw(const std::string& name) {
  if (const auto gone = board_.withdraw("t", name); !gone) ADD_FAILURE() << gone.error().message;
}

support::RawConnection HurtRelay::connect() {
  auto connection = support::RawConnection::connect(port_);
  if (connection) return std::move(*connection);
  ADD_FAILURE() << connection.error().message;
  return support::RawConnection(support::Fd());
}

}  // namespace stormproof::faults
