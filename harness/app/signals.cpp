#include "harness/app/signals.h"

#include <csignal>

namespace stormproof::app {

Signals::Signals(wire::IoContext& io, std::function<void()> on_signal) : set_(io, SIGINT, SIGTERM) {
  set_.async_wait([this, on_signal = std::move(on_signal)](const wire::ErrorCode& code, int signal) {
    if (code) return;
    signal_ = signal;
    set_.clear();
    on_signal();
  });
}

ExitCode Signals::exit_code(ExitCode otherwise) const {
  if (signal_ == SIGINT) return ExitCode::interrupted;
  if (signal_ == SIGTERM) return ExitCode::terminated;
  return otherwise;
}

}  // namespace stormproof::app
