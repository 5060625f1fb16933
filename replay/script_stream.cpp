#include "replay/script_stream.h"

#include <utility>

namespace stormproof::replay {
namespace {

std::size_t bytes_of(const ScriptRequest* request) {
  return request == nullptr ? 0 : sizeof *request + request->fields.size() + request->body.size();
}

}  // namespace

base::Result<std::unique_ptr<ScriptStream>> ScriptStream::open(const Script& script) {
  auto reader = CaptureReader::open(script.capture);
  if (!reader) return std::unexpected(reader.error());
  return std::unique_ptr<ScriptStream>(new ScriptStream(script, std::move(*reader)));
}

ScriptStream::ScriptStream(const Script& script, CaptureReader reader)
    : script_(script), reader_(std::move(reader)), thread_([this] { read(); }) {}

ScriptStream::~ScriptStream() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::shared_ptr<const ScriptRequest> ScriptStream::take() {
  std::unique_lock lock(mutex_);
  if (ahead_.empty()) {
    ++stalls_;
    changed_.wait(lock, [this] { return !ahead_.empty(); });
  }
  std::shared_ptr<const ScriptRequest> request = std::move(ahead_.front());
  ahead_.pop_front();
  const bool was_full = ahead_bytes_ >= ahead_bytes_max / 2 || ahead_.size() >= ahead_max / 2;
  ahead_bytes_ -= bytes_of(request.get());
  if (request == nullptr) ++unreadable_;
  // The reader is woken when half of it is gone, not for each request.
  const bool half_empty = ahead_bytes_ < ahead_bytes_max / 2 && ahead_.size() < ahead_max / 2;
  lock.unlock();
  if (was_full && half_empty) changed_.notify_one();
  return request;
}

void ScriptStream::read() {
  for (std::uint64_t n = 0; script_.size() > 0; n = (n + 1) % script_.size()) {
    std::shared_ptr<const ScriptRequest> request = read_one(script_.places[n]);
    std::unique_lock lock(mutex_);
    if (ahead_bytes_ >= ahead_bytes_max || ahead_.size() >= ahead_max) {
      changed_.wait(
          lock, [this] { return stopping_ || (ahead_bytes_ < ahead_bytes_max / 2 && ahead_.size() < ahead_max / 2); });
    }
    if (stopping_) return;
    ahead_bytes_ += bytes_of(request.get());
    ahead_.push_back(std::move(request));
    if (ahead_.size() == 1) changed_.notify_one();
  }
}

std::shared_ptr<const ScriptRequest> ScriptStream::read_one(const ScriptPlace& place) {
  Exchange exchange;
  if (!reader_.read_at(place.position, exchange)) return nullptr;
  return std::make_shared<const ScriptRequest>(request_of(std::move(exchange), script_.options));
}

}  // namespace stormproof::replay
