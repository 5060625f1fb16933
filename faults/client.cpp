#include "faults/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace stormproof::faults {
namespace {

namespace ip = boost::asio::ip;

ip::address plain(const ip::address& address) {
  return address.is_v6() && address.to_v6().is_v4_mapped() ? ip::make_address_v4(ip::v4_mapped, address.to_v6())
                                                           : address;
}

template <typename Bytes>
bool equal_up_to(const Bytes& one, const Bytes& other, unsigned bits) {
  for (std::size_t i = 0; i < one.size() && bits > 0; ++i) {
    const unsigned here = std::min(bits, 8U);
    const unsigned mask = 0xFFU & (0xFFU << (8U - here));
    if (((one[i] ^ other[i]) & mask) != 0) return false;
    bits -= here;
  }
  return true;
}

}  // namespace

base::Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  boost::system::error_code error;
  Network network;
  network.base_ = ip::make_address(std::string(text.substr(0, slash)), error);
  const auto refusal = [&] { return base::fail(fmt::format("'{}' is no address or network like 10.0.0.0/8", text)); };
  if (error) return refusal();
  const unsigned longest = network.base_.is_v4() ? 32 : 128;
  network.prefix_ = longest;
  if (slash == text.npos) return network;
  const std::string_view bits = text.substr(slash + 1);
  const auto [end, wrong] = std::from_chars(bits.data(), bits.data() + bits.size(), network.prefix_);
  if (wrong != std::errc() || end != bits.data() + bits.size() || network.prefix_ > longest) return refusal();
  return network;
}

bool Network::contains(const ip::address& address) const {
  const ip::address other = plain(address);
  if (other.is_v4() != base_.is_v4()) return false;
  return base_.is_v4() ? equal_up_to(base_.to_v4().to_bytes(), other.to_v4().to_bytes(), prefix_)
                       : equal_up_to(base_.to_v6().to_bytes(), other.to_v6().to_bytes(), prefix_);
}

}  // namespace stormproof::faults
