// FullListener: a port that listens and takes nobody: the kernel leaves connections without an answer, as a firewall does.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/fd.h"

namespace stormproof::support {

class FullListener {
 public:
  FullListener();
  std::uint16_t port() const { return port_; }

 private:
  Fd listener_;
  std::vector<Fd> filling_;  // its queue
  std::uint16_t port_ = 0;
};

}  // namespace stormproof::support
