#include "tests/subjects/service.h"

#include <fmt/format.h>

#include <cstdlib>

#include "tests/support/files.h"
#include "tests/support/ports.h"

namespace stormproof::subjects {
namespace {

const std::filesystem::path home = STORMPROOF_SOURCE_DIR "/build/subjects";

constexpr std::chrono::seconds start_within(30);  // a virtual machine on a busy core

}  // namespace

std::filesystem::path installed(std::string_view subject) { return home / subject; }

std::optional<std::string> not_installed(std::string_view subject, const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) return std::nullopt;
  const auto why = support::read_file(home / fmt::format("{}.skipped", subject));
  return fmt::format("the subject {} is not installed ({})", subject,
                     why ? why->substr(0, why->find('\n')) : "./dev subjects installs it");
}

bool skip_is_failure() {
  const char* const ci = std::getenv("CI");
  return ci != nullptr && std::string_view(ci) == "true";
}

base::Result<Service> Service::start(const Command& command) {
  support::TempDir folder;
  const std::uint16_t port = support::free_port();
  auto process = support::Process::start({.argv = command(port, folder.path())});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(port, start_within); !up) return std::unexpected(up.error());
  return Service(std::move(folder), std::move(*process), port);
}

}  // namespace stormproof::subjects
