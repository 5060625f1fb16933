#include "tests/subjects/haproxy/haproxy.h"

#include <fmt/format.h>
#include <unistd.h>

#include "tests/support/files.h"
#include "tests/support/ports.h"

namespace stormproof::subjects {
namespace {

constexpr const char* program = "/usr/sbin/haproxy";

void replace(std::string& text, std::string_view word, std::string_view value) {
  const std::size_t at = text.find(word);
  if (at != std::string::npos) text.replace(at, word.size(), value);
}

}  // namespace

std::optional<std::string> Haproxy::missing() {
  if (::access(program, X_OK) == 0) return std::nullopt;
  return "haproxy is not installed: ./dev setup test installs it";
}

base::Result<Haproxy> Haproxy::start(Options options) {
  if (const auto why = missing()) return base::fail(*why);
  auto config = support::read_file(STORMPROOF_SOURCE_DIR "/tests/subjects/haproxy/haproxy.cfg");
  if (!config) return std::unexpected(config.error());
  const std::uint16_t port = options.port != 0 ? options.port : support::free_port();
  if (support::is_listening(port)) return base::fail(fmt::format("127.0.0.1:{} is in use", port));
  config = config->substr(config->find("global"));  // its comment names the words, too
  replace(*config, "@PORT@", std::to_string(port));
  replace(*config, "@RETRY@", options.retries_on_500 ? "retry-on 500" : "");
  replace(*config, "@SERVER@", std::to_string(options.server));
  replace(*config, "@CHECK@", std::to_string(options.check));
  support::TempDir folder;
  const auto path = folder.path() / "haproxy.cfg";
  if (auto written = support::write_file(path, *config); !written) return std::unexpected(written.error());
  auto process = support::Process::start({.argv = {program, "-db", "-f", path.string()}});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(port); !up) return std::unexpected(up.error());
  return Haproxy(std::move(folder), std::move(*process), port);
}

}  // namespace stormproof::subjects
