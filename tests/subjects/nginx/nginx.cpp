#include "tests/subjects/nginx/nginx.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <cmath>
#include <sstream>

#include "tests/support/files.h"
#include "tests/support/ports.h"

namespace stormproof::subjects {
namespace {

// Only root may name a user, and root must: its workers would be somebody who cannot read our folder.
std::string user_line() {
  const passwd* const user = ::geteuid() == 0 ? ::getpwuid(0) : nullptr;
  return user == nullptr ? "" : fmt::format("user {};", user->pw_name);
}

void replace_all(std::string& text, std::string_view word, std::string_view value) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size())) {
    text.replace(at, word.size(), value);
  }
}

std::string lines_of(const Nginx::Replicas& replicas) {
  std::string lines = "upstream replicas {";
  for (const std::uint16_t port : replicas.ports)
    lines += fmt::format(" server 127.0.0.1:{} max_fails={} fail_timeout={}s;", port, replicas.max_fails,
                         replicas.fails_seconds);
  return lines + " keepalive 32; }";
}

constexpr std::string_view ask_replicas =
    "proxy_pass http://replicas; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_connect_timeout 1s; "
    "proxy_read_timeout 1s; proxy_next_upstream error timeout http_503;";

base::Result<void> write_files(const std::filesystem::path& folder, const std::map<std::string, std::size_t>& files) {
  for (const auto& [name, size] : files) {
    std::string bytes(size, 'a');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>('a' + i % 26);
    std::error_code failed;
    std::filesystem::create_directories((folder / name).parent_path(), failed);
    if (auto written = support::write_file(folder / name, bytes); !written) return written;
  }
  return {};
}

}  // namespace

std::optional<std::string> Nginx::program() {
  for (const char* const path : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return std::nullopt;
}

base::Result<Nginx> Nginx::start(Options options) {
  const auto nginx = program();
  if (!nginx) return base::fail("nginx is not installed");
  auto config = support::read_file(STORMPROOF_SOURCE_DIR "/tests/subjects/nginx/nginx.conf");
  if (!config) return std::unexpected(config.error());

  support::TempDir folder;
  const std::uint16_t port = options.port != 0 ? options.port : support::free_port();
  if (support::is_listening(port)) return base::fail(fmt::format("127.0.0.1:{} is in use", port));
  std::filesystem::create_directory(folder.path() / "files");
  if (auto written = write_files(folder.path() / "files", options.files); !written)
    return std::unexpected(written.error());
  replace_all(*config, "@USER@", user_line());
  replace_all(*config, "@FOLDER@", folder.path().string());
  replace_all(*config, "@PORT@", std::to_string(port));
  replace_all(*config, "@LIMIT_ZONE@",
              options.limit ? "limit_req_zone $server_port$http_x_api_key zone=all:1m rate=" +
                                  std::to_string(options.limit->per_second) + "r/s;"
                            : "");
  replace_all(*config, "@LIMIT@",
              options.limit ? "limit_req zone=all burst=" + std::to_string(options.limit->burst) +
                                  (options.limit->delayed ? ";" : " nodelay;")
                            : "");
  replace_all(*config, "@REPLICAS@", options.replicas ? lines_of(*options.replicas) : "");
  replace_all(*config, "@CHECKOUT@", options.replicas ? ask_replicas : "try_files /none =204;");
  replace_all(*config, "@SSL@", options.tls ? "ssl" : "");
  replace_all(*config, "@CERTIFICATE@",
              options.tls ? fmt::format("ssl_certificate {}; ssl_certificate_key {};",
                                        options.tls->certificate.string(), options.tls->key.string())
                          : "");
  const auto path = folder.path() / "nginx.conf";
  if (auto written = support::write_file(path, *config); !written) return std::unexpected(written.error());

  auto process = support::Process::start({.argv = {*nginx, "-p", folder.path().string(), "-e",
                                                   (folder.path() / "error.log").string(), "-c", path.string()}});
  if (!process) return std::unexpected(process.error());
  if (auto up = process->wait_until_listening(port); !up) {
    return base::fail(up.error().message + support::read_file(folder.path() / "error.log").value_or(""));
  }
  return Nginx(std::move(folder), std::move(*process), port, options.tls.has_value());
}

std::vector<Nginx::Arrival> Nginx::arrivals() const {
  std::istringstream log(support::read_file(folder_.path() / "access.log").value_or(""));
  std::vector<Arrival> arrivals;
  Arrival next;
  double seconds = 0;
  while (log >> seconds >> next.status >> next.connection >> next.traceparent) {
    std::getline(log, next.request);
    const std::size_t first = next.request.find('"');
    next.request = next.request.substr(first + 1, next.request.rfind('"') - first - 1);
    next.ended = base::Time(std::chrono::milliseconds(std::llround(seconds * 1000)));
    arrivals.push_back(next);
  }
  return arrivals;
}

std::string Nginx::error_log() const { return support::read_file(folder_.path() / "error.log").value_or(""); }

}  // namespace stormproof::subjects
