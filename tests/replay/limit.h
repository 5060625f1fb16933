// Limit: of what this process may have, lifted at the end. RLIMIT_FSIZE stands for a full disk: it fails the same calls.
#pragma once

#include <signal.h>
#include <sys/resource.h>

namespace stormproof::replay {

class Limit {
 public:
  Limit(__rlimit_resource what, rlim_t value) : what_(what), signal_before_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(what_, &before_);
    const rlimit tight = {value, before_.rlim_max};
    ::setrlimit(what_, &tight);
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() {
    ::setrlimit(what_, &before_);
    ::signal(SIGXFSZ, signal_before_);
  }

 private:
  __rlimit_resource what_;
  rlimit before_ = {};
  sighandler_t signal_before_;
};

}  // namespace stormproof::replay
