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

// A configuration of this folder, without its comment, which names the words, too.
base::Result<std::string> config_of(const char* name) {
  auto config = support::read_file(fmt::format(STORMPROOF_SOURCE_DIR "/tests/subjects/haproxy/{}", name));
  if (config) config = config->substr(config->find("global"));
  return config;
}

}  // namespace

std::optional<std::string> Haproxy::missing() {
  if (::access(program, X_OK) == 0) return std::nullopt;
  return "haproxy is not installed: ./dev setup test installs it";
}

base::Result<Haproxy> Haproxy::start(Options options) {
  auto config = config_of("haproxy.cfg");
  if (!config) return std::unexpected(config.error());
  replace(*config, "@RETRY@", options.retries_on_500 ? "retry-on 500" : "");
  replace(*config, "@SERVER@", std::to_string(options.server));
  replace(*config, "@CHECK@", std::to_string(options.check));
  return start(std::move(*config), options.port != 0 ? options.port : support::free_port());
}

base::Result<Haproxy> Haproxy::start(Limit limit) {
  auto config = config_of("limit.cfg");
  if (!config) return std::unexpected(config.error());
  replace(*config, "@FULL@", limit.counts_refused ? "sc_http_req_rate(0) gt 30" : "sc_gpc0_rate(0) ge 30");
  return start(std::move(*config), support::free_port());
}

base::Result<Haproxy> Haproxy::start(std::string config, std::uint16_t port) {
  if (const auto why = missing()) return base::fail(*why);
  if (support::is_listening(port)) return base::fail(fmt::format("127.0.0.1:{} is in use", port));
  replace(config, "@PORT@", std::to_string(port));
  support::TempDir folder;
  const auto path = folder.path() / "haproxy.cfg";
  if (auto written = support::write_file(path, config); !written) return std::unexpected(written.error());
  auto process = support::Process::start({.argv = {program, "-db", "-f", path.string()}});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(port); !up) return std::unexpected(up.error());
  return Haproxy(std::move(folder), std::move(*process), port);
}

}  // namespace stormproof::subjects
