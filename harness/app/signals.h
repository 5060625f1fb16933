// Signals: SIGINT and SIGTERM as a call on an io_context.
//
// The first one calls `on_signal`; after it the signals have their default effect again, so a second one ends the program
// at once.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <functional>

#include "harness/app/exit_code.h"
#include "harness/wire/net.h"

namespace stormproof::app {

class Signals {
 public:
  Signals(wire::IoContext& io, std::function<void()> on_signal);

  bool caught() const { return signal_ != 0; }
  // `otherwise` unless a signal was caught.
  ExitCode exit_code(ExitCode otherwise) const;

 private:
  boost::asio::signal_set set_;
  int signal_ = 0;
};

}  // namespace stormproof::app
