// In steady state an exchange costs no heap allocation. Counted below operator new, in malloc's own place, since Asio
// allocates with aligned_alloc; in this one program, and not under a sanitizer, which needs that place itself.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>

#include "tests/proxy/shadow_run.h"
#include "tests/support/raw_server.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STORMPROOF_SANITIZED 1
#endif
#endif

// Of counting.h.
namespace stormproof::proxy {

thread_local bool counting = false;
std::atomic<std::size_t> allocations = 0;

}  // namespace stormproof::proxy

using stormproof::proxy::allocations;
using stormproof::proxy::counting;

#ifndef STORMPROOF_SANITIZED
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) {
  if (counting) ++allocations;
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  if (counting) ++allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  if (counting) ++allocations;
  return __libc_realloc(memory, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  if (counting) ++allocations;
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  if (counting) ++allocations;
  *memory = __libc_memalign(alignment, bytes);
  return *memory == nullptr ? 12 : 0;
}
}
#endif

namespace stormproof::proxy {
namespace {

using support::RawConnection;
using support::RawServer;

const std::string get = "GET /products/42 HTTP/1.1\r\nHost: shop.local:8080\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";
const std::string answer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + std::string(1024, 'x');

// Counts, and keeps nothing.
class CountingSink final : public events::Sink {
 public:
  events::NameId name(std::string_view) override { return 1; }
  events::NameId route(std::string_view, std::string_view) override { return 1; }
  void exchange(const events::Exchange&) override { ++exchanges; }
  void fault(const events::FaultFired&) override {}
  std::atomic<std::size_t> exchanges = 0;
};

void exchange_many(RawConnection& client, int count, std::string_view request) {
  for (int i = 0; i < count; ++i) EXPECT_EQ(ask(client, request, answer.size()).size(), answer.size());
}

// A shadow with a candidate that answers as the upstream does.
struct Shadowed {
  explicit Shadowed(ShadowOptions shadow_options) : options(std::move(shadow_options)) {}
  ShadowOptions options;
  ShadowCounts counts;
};

base::Task<> drain_all(Relay& relay, Shadow* shadow, wire::IoContext& io) {
  co_await relay.drain();
  if (shadow != nullptr) co_await shadow->drain();
  io.stop();
}

// Runs `request` on four connections until every pool, list and buffer has what it needs, then counts on the relay's
// thread.
std::size_t allocations_in_steady_state(std::string_view request, int rounds, CountingSink& sink,
                                        Shadowed* shadowed = nullptr) {
  const auto play = [&](RawConnection& peer) {
    while (peer.read(request.size(), std::chrono::seconds(30)) && peer.send(answer)) {
    }
  };
  RawServer upstream(play);
  RawServer candidate(play);
  const base::SystemClock clock;
  wire::IoContext io(wire::one_thread);
  const auto loopback = wire::asio::ip::address_v4::loopback();
  RelayOptions options;
  options.listen = {loopback, 0};
  options.upstreams = {{{loopback, upstream.port()}}};
  SetDelay delay;
  std::unique_ptr<Shadow> shadow;
  if (shadowed != nullptr) {
    shadowed->options.candidate = {loopback, candidate.port()};
    shadow = must(Shadow::open(io, clock, delay, shadowed->options, nullptr));
  }
  auto relay = must(Relay::open(io, clock, options, {.sink = &sink, .tapper = shadow.get()}));
  std::thread thread([&] { io.run(); });
  std::vector<RawConnection> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(std::move(*RawConnection::connect(relay->endpoint().port())));
  for (RawConnection& client : clients) exchange_many(client, 50, request);
  for (int i = 0; i < 50; ++i) {
    for (RawConnection& client : clients) must(client.send(request));  // all at once: the pool reaches its size
    for (RawConnection& client : clients) must(client.read(answer.size()));
  }
  allocations = 0;
  wire::asio::post(io, [] { counting = true; });
  for (RawConnection& client : clients) exchange_many(client, rounds, request);
  std::promise<void> counted;
  wire::asio::post(io, [&] {
    counting = false;
    counted.set_value();
  });
  counted.get_future().wait();
  const std::size_t count = allocations;
  base::TaskGroup group;
  wire::asio::post(io, [&] { group.spawn(drain_all(*relay, shadow.get(), io)); });
  thread.join();
  if (shadowed != nullptr) shadowed->counts = shadow->counts();
  return count;
}

class Allocation : public testing::Test {
 protected:
  void SetUp() override {
#ifdef STORMPROOF_SANITIZED
    GTEST_SKIP() << "a sanitizer has malloc's place";
#endif
  }
  CountingSink sink;
};

TEST_F(Allocation, TheCounterCounts) {
  allocations = 0;
  counting = true;
  auto* const volatile number = new int(1);
  void* const volatile aligned = std::aligned_alloc(64, 64);
  counting = false;
  delete number;
  std::free(aligned);
  EXPECT_EQ(allocations, 2u);
}

TEST_F(Allocation, NoneAnExchangeOfAGet) {
  EXPECT_EQ(allocations_in_steady_state(get, 500, sink), 0u);
  EXPECT_EQ(sink.exchanges, 4u * 600u);
}

TEST_F(Allocation, NoneAnExchangeWithABody) {
  const std::string put = "PUT /products/42 HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + std::string(9000, 'y');
  EXPECT_EQ(allocations_in_steady_state(put, 300, sink), 0u);
  EXPECT_EQ(sink.exchanges, 4u * 400u);
}

TEST_F(Allocation, NoneAnExchangeThatAShadowDoesNotChoose) {
  ShadowOptions options;
  options.only.paths = {"/others"};
  Shadowed shadowed(options);
  EXPECT_EQ(allocations_in_steady_state(get, 500, sink, &shadowed), 0u);
  EXPECT_EQ(shadowed.counts.chosen, 0u);
}

// The copies' memory is used again; what is left is a connection more to the candidate now and then, and Asio's own
// memory for what is posted while several wait.
TEST_F(Allocation, HardlyAnyAnExchangeThatIsShadowed) {
  Shadowed shadowed({});
  EXPECT_LE(allocations_in_steady_state(get, 500, sink, &shadowed), 100u);
  EXPECT_EQ(shadowed.counts.chosen, 4u * 600u);
  EXPECT_EQ(shadowed.counts.answered, 4u * 600u);
}

}  // namespace
}  // namespace stormproof::proxy
