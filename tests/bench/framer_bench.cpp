// What framing costs: a head, the part of it that is strictness, and bodies.
#include <benchmark/benchmark.h>

#include <string>

#include "harness/wire/chunks.h"
#include "harness/wire/framer.h"
#include "harness/wire/strictness.h"

namespace stormproof::wire {
namespace {

const std::string curl_head =
    "GET /products/42?ref=home HTTP/1.1\r\nHost: shop.local:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";

const std::string browser_head =
    "POST /checkout HTTP/1.1\r\nHost: shop.example.com\r\nConnection: keep-alive\r\nContent-Length: 0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"118\", \"Google Chrome\";v=\"118\", \"Not=A?Brand\";v=\"99\"\r\nsec-ch-ua-mobile: "
    "?0\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 "
    "Safari/537.36\r\n"
    "Content-Type: application/json\r\nAccept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Origin: https://shop.example.com\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: "
    "empty\r\n"
    "Referer: https://shop.example.com/cart\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: "
    "en-GB,en;q=0.9\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n\r\n";

const std::string response_head =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 09:36:00 GMT\r\nContent-Type: text/plain\r\n"
    "Content-Length: 1024\r\nLast-Modified: Mon, 23 Nov 2026 09:00:00 GMT\r\nConnection: keep-alive\r\nETag: "
    "\"6560-400\"\r\n"
    "Accept-Ranges: bytes\r\n\r\n";

void frame(benchmark::State& state, MessageKind kind, const std::string& head) {
  Framer framer(kind);
  for (auto _ : state) {
    framer.begin();
    benchmark::DoNotOptimize(framer.feed(head));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(head.size()) * state.iterations());
}
void judge(benchmark::State& state, const std::string& head) {
  for (auto _ : state) benchmark::DoNotOptimize(judge_request(head));
  state.SetBytesProcessed(static_cast<std::int64_t>(head.size()) * state.iterations());
}

BENCHMARK_CAPTURE(frame, curl_request, MessageKind::request, curl_head);
BENCHMARK_CAPTURE(judge, of_it_strictness, curl_head);
BENCHMARK_CAPTURE(frame, browser_request, MessageKind::request, browser_head);
BENCHMARK_CAPTURE(judge, of_it_strictness_browser, browser_head);
BENCHMARK_CAPTURE(frame, response, MessageKind::response, response_head);

void chunks(benchmark::State& state) {
  std::string body;
  const auto size = static_cast<std::size_t>(state.range(0));
  for (int i = 0; i < 16; ++i) {
    char line[32];
    body += std::string(line, static_cast<std::size_t>(std::snprintf(line, sizeof line, "%zx\r\n", size)));
    body += std::string(size, 'x') + "\r\n";
  }
  body += "0\r\n\r\n";
  for (auto _ : state) {
    Chunks framing;
    benchmark::DoNotOptimize(framing.feed(body));
  }
  state.SetItemsProcessed(16 * state.iterations());
}
BENCHMARK(chunks)->Arg(16)->Arg(1024)->Arg(16384);

}  // namespace
}  // namespace stormproof::wire
