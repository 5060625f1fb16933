#include "tests/bench/peers.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

#include "tests/support/files.h"
#include "tests/support/ports.h"
#include "tests/support/waiting.h"

namespace stormproof::bench {

using support::Process;

namespace {

std::uint16_t port_in(const Process& process) {
  std::uint16_t port = 0;
  support::eventually(std::chrono::seconds(5), [&] {
    const std::string text = process.out();
    std::from_chars(text.data(), text.data() + text.size(), port);
    return port != 0;
  });
  if (port == 0) give_up("the relay did not start: " + process.err());
  return port;
}

Process start(std::vector<std::string> argv) { return must(Process::start({.argv = std::move(argv)})); }

double ticks_us(const std::filesystem::path& stat) {
  std::ifstream in(stat);
  std::string text;
  std::getline(in, text);
  // Fields 14 and 15, counted behind the name, which may hold spaces.
  std::string_view rest = std::string_view(text).substr(text.rfind(')') + 2);
  double sum = 0;
  for (int field = 3; field <= 15; ++field) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    if (field >= 14) {
      long ticks = 0;
      std::from_chars(rest.data(), rest.data() + space, ticks);
      sum += static_cast<double>(ticks);
    }
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return sum * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double number_after(const std::string& text, std::string_view label) {
  const std::size_t at = text.find(label);
  if (at == std::string::npos) return 0;
  return std::strtod(text.c_str() + at + label.size(), nullptr);
}

// "1.25ms" as microseconds.
double microseconds(std::string_view text) {
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (code != std::errc()) return 0;
  return number * (unit.starts_with("us") ? 1 : unit.starts_with("ms") ? 1e3 : 1e6);
}

}  // namespace

void give_up(const std::string& why) {
  fmt::print(stderr, "bench: {}\n", why);
  std::exit(4);
}

Target start_origin(const std::filesystem::path& folder) {
  const std::uint16_t port = support::free_port();
  std::filesystem::create_directories(folder / "www");
  for (const auto& [name, size] : {std::pair{"1k", 1024}, std::pair{"100k", 102400}}) {
    must(support::write_file(folder / "www" / name, std::string(static_cast<std::size_t>(size), 'x')));
  }
  must(support::write_file(folder / "www" / "1g", ""));
  std::filesystem::resize_file(folder / "www" / "1g", std::uintmax_t{1} << 30);
  must(support::write_file(folder / "origin.conf",
                           fmt::format(R"(daemon off; master_process off; pid {0}/origin.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {0}/b; proxy_temp_path {0}/p;
fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u; scgi_temp_path {0}/s;
server {{ listen 127.0.0.1:{1}; root {0}/www; }} }}
)",
                                       folder.string(), port)));
  Target origin{"origin", start({"nginx", "-c", (folder / "origin.conf").string()}), port};
  must(origin.process.wait_until_listening(port));
  return origin;
}

Target start_nginx(const std::filesystem::path& folder, std::uint16_t upstream) {
  const std::uint16_t port = support::free_port();
  must(support::write_file(folder / "nginx.conf",
                           fmt::format(R"(daemon off; master_process off; pid {0}/nginx.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {0}/nb; proxy_temp_path {0}/np;
fastcgi_temp_path {0}/nf; uwsgi_temp_path {0}/nu; scgi_temp_path {0}/ns;
upstream o {{ server 127.0.0.1:{2}; keepalive 128; keepalive_requests 1000000000; }}
server {{ listen 127.0.0.1:{1}; location / {{ proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
)",
                                       folder.string(), port, upstream)));
  Target nginx{"nginx", start({"nginx", "-c", (folder / "nginx.conf").string()}), port};
  must(nginx.process.wait_until_listening(port));
  return nginx;
}

Target start_haproxy(const std::filesystem::path& folder, std::uint16_t upstream) {
  const std::uint16_t port = support::free_port();
  must(support::write_file(folder / "haproxy.cfg", fmt::format(R"(global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:{}
  default_backend b
backend b
  server s 127.0.0.1:{}
)",
                                                               port, upstream)));
  Target haproxy{"haproxy", start({"haproxy", "-db", "-f", (folder / "haproxy.cfg").string()}), port};
  must(haproxy.process.wait_until_listening(port));
  return haproxy;
}

Target start_relay(const std::string& name, std::uint16_t upstream, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {RELAY_PROGRAM, fmt::format("127.0.0.1:{}", upstream)});
  Target relay{name, start(std::move(arguments)), 0};
  relay.port = port_in(relay.process);
  return relay;
}

Cpu cpu_of(const Process& process) {
  const std::filesystem::path folder = fmt::format("/proc/{}", process.pid());
  return {ticks_us(folder / "task" / std::to_string(process.pid()) / "stat"), ticks_us(folder / "stat")};
}

std::uint64_t resident_bytes(const Process& process) {
  std::ifstream in(fmt::format("/proc/{}/statm", process.pid()));
  std::uint64_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Driven drive(std::uint16_t port, const std::string& path, int connections, int seconds) {
  const auto finished = must(
      support::run_to_end({.argv = {"wrk", "-t1", "--latency", fmt::format("-c{}", connections),
                                    fmt::format("-d{}", seconds), fmt::format("http://127.0.0.1:{}{}", port, path)}},
                          std::chrono::seconds(seconds + 20)));
  if (finished.out.find("Non-2xx") != std::string::npos) give_up("answers other than 2xx:\n" + finished.out);
  const std::size_t at = finished.out.find(" requests in");
  if (at == std::string::npos) return {};
  const std::size_t line = finished.out.rfind('\n', at) + 1;
  const std::size_t p99 = finished.out.find("99%");
  const std::size_t value = p99 == std::string::npos ? p99 : finished.out.find_first_not_of(' ', p99 + 3);
  return {.requests = number_after(finished.out.substr(line), ""),
          .p99_us =
              value == std::string::npos
                  ? 0
                  : microseconds(std::string_view(finished.out).substr(value, finished.out.find('\n', value) - value))};
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace stormproof::bench
