#include "tests/proxy/relay_run.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace stormproof::proxy {

events::NameId EventLog::name(std::string_view text) {
  const std::lock_guard lock(mutex_);
  routes_.emplace_back(text);
  return static_cast<events::NameId>(routes_.size());
}

events::NameId EventLog::route(std::string_view method, std::string_view target) {
  return name(std::string(method) + " " + std::string(target));
}

void EventLog::exchange(const events::Exchange& exchange) {
  {
    const std::lock_guard lock(mutex_);
    exchanges_.push_back(exchange);
  }
  changed_.notify_all();
}

std::vector<events::Exchange> EventLog::wait_for(std::size_t count) const {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, std::chrono::seconds(5), [&] { return exchanges_.size() >= count; });
  if (!came) ADD_FAILURE() << "only " << exchanges_.size() << " of " << count << " events came";
  return exchanges_;
}

std::vector<events::Exchange> EventLog::now() const {
  const std::lock_guard lock(mutex_);
  return exchanges_;
}

std::vector<std::string> EventLog::routes() const {
  const std::lock_guard lock(mutex_);
  return routes_;
}

RelayRun::RelayRun(std::uint16_t upstream_port, const Tweak& tweak, wire::Interceptor* interceptor,
                   wire::Tapper* tapper) {
  const auto loopback = wire::asio::ip::address_v4::loopback();
  RelayOptions options;
  options.listen = {loopback, 0};
  options.upstreams = {{{loopback, upstream_port}}};
  options.limits.drain = std::chrono::milliseconds(200);
  if (tweak) tweak(options);
  auto relay = Relay::open(io_, clock_, options, {.sink = &events, .tapper = tapper, .interceptor = interceptor});
  if (!relay) {
    ADD_FAILURE() << relay.error().to_string();
    std::abort();
  }
  relay_ = std::move(*relay);
  port_ = relay_->endpoint().port();
  thread_ = std::thread([this] { io_.run(); });
}

RelayRun::~RelayRun() { end(); }

support::RawConnection RelayRun::connect() const {
  auto connection = support::RawConnection::connect(port_);
  if (connection) return std::move(*connection);
  ADD_FAILURE() << connection.error().to_string();
  return support::RawConnection(support::Fd());
}

void RelayRun::post(std::function<void(Relay&)> job) {
  boost::asio::post(io_, [this, job = std::move(job)] { job(*relay_); });
}

namespace {

base::Task<> drain_and_stop(Relay& relay, wire::IoContext& io) {
  co_await relay.drain();
  io.stop();
}

}  // namespace

void RelayRun::begin_drain() {
  if (draining_) return;
  draining_ = true;
  post([this](Relay& relay) { tasks_.spawn(drain_and_stop(relay, io_)); });
}

RelayCounts RelayRun::end() {
  if (!thread_.joinable()) return counts_;
  begin_drain();
  thread_.join();
  counts_ = relay_->counts();
  EXPECT_EQ(relay_->sessions(), 0u);
  relay_.reset();
  io_.restart();
  io_.run();  // whatever the relay left behind must not touch it any more
  return counts_;
}

std::string ask(support::RawConnection& client, std::string_view request, std::size_t answer_bytes) {
  must(client.send(request));
  return must(client.read(answer_bytes));
}

std::string last_words(RelayRun& run, std::string_view request) {
  support::RawConnection client = run.connect();
  must(client.send(request));
  return must(client.read_to_end());
}

events::Exchange only_event(RelayRun& run) {
  const auto events = run.events.wait_for(1);
  return events.empty() ? events::Exchange{} : events[0];
}

bool ends(support::RawConnection& peer) {
  while (true) {
    const auto byte = peer.read(1);
    if (!byte) return !byte.error().message.contains("deadline");
  }
}

std::string read_head(support::RawConnection& peer) { return must(peer.read_until("\r\n\r\n")); }

}  // namespace stormproof::proxy
