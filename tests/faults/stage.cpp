#include "tests/faults/stage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "tests/support/waiting.h"

namespace stormproof::faults {
namespace {

base::Task<> drain_then(proxy::Relay& relay, std::promise<void>& done) {
  co_await relay.drain();
  done.set_value();
}

wire::Endpoint loopback(std::uint16_t port) { return {boost::asio::ip::address_v4::loopback(), port}; }

}  // namespace

Stage::Stage(Answer answer_with)
    : answer_(std::move(answer_with)), upstream_([this](support::RawConnection& connection) { answer(connection); }) {
  proxy::RelayOptions options;
  options.listen = loopback(0);
  options.upstreams = {{loopback(upstream_.port())}};
  options.party = recorder_.name("dependency");
  options.client_eof_cancels = true;
  options.limits.drain = drain_at_most;
  injector_ = std::make_unique<Injector>(clock_, recorder_, options.party);
  auto relay = proxy::Relay::open(io_, clock_, options, {&recorder_, nullptr, injector_.get()});
  if (!relay) std::abort();
  relay_ = std::move(*relay);
  thread_ = std::thread([this] { io_.run(); });
}

Stage::~Stage() {
  drain();
  io_.stop();
  thread_.join();
}

void Stage::drain() {
  if (std::exchange(drained_, true)) return;
  auto done = std::make_shared<std::promise<void>>();
  auto ended = done->get_future();
  boost::asio::post(io_, [this, done] { tasks_.spawn(drain_then(*relay_, *done)); });
  ended.get();
}

void Stage::on_loop(const std::function<void()>& work) const {
  auto task = std::make_shared<std::packaged_task<void()>>(work);
  auto done = task->get_future();
  boost::asio::post(io_, [task] { (*task)(); });
  done.get();
}

void Stage::apply(std::uint64_t seed, std::vector<Rule> rules) {
  on_loop([&] { injector_->apply(Plan(seed, std::move(rules))); });
}

void Stage::heal() {
  on_loop([&] { injector_->heal(); });
}

support::RawConnection Stage::connect() const {
  auto connection = support::RawConnection::connect(relay_->endpoint().port());
  EXPECT_TRUE(connection) << connection.error().message;
  return std::move(*connection);
}

std::vector<std::string> Stage::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

events::Log Stage::log() {
  events::Log log;
  on_loop([&] { log = events::copy_of(recorder_.log()); });
  return log;
}

events::Log Stage::log_of(std::size_t count) {
  EXPECT_TRUE(support::eventually(std::chrono::seconds(10), [&] { return log().exchanges.size() >= count; }));
  return log();
}

bool Stage::wait_until_under_way(std::uint64_t count) {
  return support::eventually(std::chrono::seconds(10), [&] {
    std::uint64_t under_way = 0;
    on_loop([&] { under_way = relay_->counts().exchanges - recorder_.log().exchanges.size(); });
    return under_way == count;
  });
}

void Stage::answer(support::RawConnection& connection) {
  while (true) {
    const auto head = connection.read_until("\r\n\r\n");
    if (!head) return;
    const auto length = head->find("Content-Length: ");
    std::string content;
    if (length != head->npos) {
      auto read = connection.read(std::stoul(head->substr(length + 16)));
      if (!read) return;
      content = std::move(*read);
    }
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(*head + content);
    }
    if (answer_) {
      if (!connection.send(answer_(*head, content))) return;
      continue;
    }
    const std::string_view body = head->starts_with("HEAD ") ? "" : "ok";
    if (!connection.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", body))) return;
  }
}

std::string get(const std::string& target, std::uint64_t trace) {
  const std::string parent = trace == 0 ? "" : fmt::format("traceparent: 00-{:032x}-00000000000000aa-01\r\n", trace);
  return fmt::format("GET {} HTTP/1.1\r\nHost: dependency\r\n{}\r\n", target, parent);
}

std::vector<events::FaultFired> acted(const events::Log& log) {
  std::vector<events::FaultFired> all;
  std::ranges::copy_if(log.faults, std::back_inserter(all), [](const auto& fault) { return events::acted(fault); });
  return all;
}

std::string read_response(support::RawConnection& connection, bool to_head) {
  const auto head = connection.read_until("\r\n\r\n");
  if (!head) return "no head: " + head.error().message;
  const auto length = head->find("Content-Length: ");
  if (to_head || length == head->npos) return *head;
  const auto body = connection.read(std::stoul(head->substr(length + 16)));
  return body ? *head + *body : *head + "no body: " + body.error().message;
}

}  // namespace stormproof::faults
