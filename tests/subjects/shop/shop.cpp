#include "tests/subjects/shop/shop.h"

#include <fmt/format.h>

#include "tests/support/ports.h"

namespace stormproof::subjects {

std::filesystem::path Shop::program() { return STORMPROOF_BINARY_DIR "/tests/subjects/shop/shop"; }

std::vector<std::string> Shop::command(const Options& options) {
  std::vector<std::string> command = {program().string(), "--port", std::to_string(options.port)};
  if (options.is_payments) {
    command.emplace_back("--payments-service");
    return command;
  }
  command.insert(command.end(), {"--version", std::to_string(options.version), "--payments", options.payments});
  if (!options.truth.empty()) command.insert(command.end(), {"--truth", options.truth.string()});
  return command;
}

base::Result<Shop> Shop::start(Options options) {
  support::TempDir folder;
  options.truth = folder.path() / "truth";
  if (options.port == 0) options.port = support::free_port();
  const std::uint16_t port = options.port;
  if (support::is_listening(port)) return base::fail(fmt::format("127.0.0.1:{} is in use", port));
  auto process = support::Process::start({.argv = command(options)});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(port); !up) return std::unexpected(up.error());
  return Shop(std::move(folder), std::move(*process), port);
}

}  // namespace stormproof::subjects
