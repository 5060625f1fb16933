#include "harness/app/outputs.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>

namespace stormproof::app {

base::Result<void> write_whole(const std::string& path, const std::string& text) {
  if (path == "-") {
    std::cout << text << std::flush;
    if (!std::cout) return base::fail("cannot write to standard output");
    return {};
  }
  const std::string beside = path + ".part-" + std::to_string(getpid());
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out << text << std::flush;
    if (!out) {
      const int error = errno;
      std::remove(beside.c_str());
      return base::fail_errno("cannot write " + path, error);
    }
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(beside.c_str());
    return base::fail_errno("cannot write " + path, error);
  }
  return {};
}

}  // namespace stormproof::app
