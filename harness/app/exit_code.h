// Exit codes: a contract with pipelines; the same in --help, the JSON and the docs.
#pragma once

namespace stormproof::app {

enum class ExitCode : int {
  pass = 0,
  gate_failed = 1,
  usage = 2,
  invalid_input = 3,  // a scenario or a capture
  could_not_run = 4,  // a target, a port, a service
  inconclusive = 5,
  internal = 70,
  interrupted = 130,  // SIGINT
  terminated = 143,   // SIGTERM
};

}  // namespace stormproof::app
