// Client: the networks that a rule is limited to.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/wire/net.h"

namespace stormproof::faults {

class Network {
 public:
  // "10.0.0.0/8", "::1/128", "127.0.0.1". Host bits are ignored.
  static base::Result<Network> parse(std::string_view text);

  // An IPv4 address in IPv6's form counts as IPv4.
  bool contains(const boost::asio::ip::address& address) const;

 private:
  boost::asio::ip::address base_;
  unsigned prefix_ = 0;
};

}  // namespace stormproof::faults
