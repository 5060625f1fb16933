#include "harness/wire/connection.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace stormproof::wire {

Connection::Connection(Socket socket) : socket_(std::move(socket)) {
  socket_.no_delay();  // on a socket that is already broken the first read or write says so
  readable_ = socket_.watch(*this, broken_);
}

Connection::~Connection() {
  assert(!reading_ && writing_ == nullptr && "a connection is settled before it is destroyed");
}

void Connection::set_layer(std::unique_ptr<Layer> layer) {
  assert(!reading_ && writing_ == nullptr && unread().empty());
  layer_ = std::move(layer);
}

void Connection::consume(std::size_t bytes) {
  assert(bytes <= filled_ - begin_);
  begin_ += bytes;
  if (begin_ == filled_ && !reading_) begin_ = filled_ = 0;
}

void Connection::reserve(std::size_t bytes) {
  if (reading_) return;
  bytes = std::min(bytes, large_buffer);
  const std::size_t unread_bytes = filled_ - begin_;
  if (bytes <= capacity_) {
    if (begin_ > 0 && begin_ + bytes > capacity_) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, unread_bytes);
      begin_ = 0;
      filled_ = unread_bytes;
    }
    return;
  }
  const std::size_t capacity = bytes <= small_buffer ? small_buffer : large_buffer;
  Buffer buffer(capacity);
  if (unread_bytes > 0) std::memcpy(buffer.get(), buffer_.get() + begin_, unread_bytes);
  buffer_ = std::move(buffer);
  capacity_ = capacity;
  begin_ = 0;
  filled_ = unread_bytes;
}

void Connection::shrink() {
  if (reading_ || begin_ != filled_ || capacity_ <= small_buffer) return;
  buffer_ = Buffer();
  capacity_ = begin_ = filled_ = 0;
}

// Who arms is never told within the call.
void Connection::arm() {
  if (reading_ || ended() || !open()) return;
  if (begin_ == filled_) begin_ = filled_ = 0;
  if (capacity_ == 0) reserve(small_buffer);
  if (filled_ == capacity_) return;
  reading_ = true;
  arrival_ = {};
  // A layer may hold bytes for which the socket will never be readable again.
  if (readable_ || layer_ != nullptr || broken_) socket_.reactor().turn(*this);
}

void Connection::read_socket() {
  ErrorCode error = broken_;
  const std::size_t room = capacity_ - filled_;
  const std::size_t bytes = error ? 0 : socket_.read_some({buffer_.get() + filled_, room}, error);
  // The end is an edge of its own, so that after a short read nothing is left that was there before.
  const bool nothing = error == asio::error::would_block;
  if (nothing || (bytes < room && !last_)) readable_ = false;
  if (!nothing) on_read(error, bytes);
}

void Connection::read_layer() {
  const LayerStep step = layer_->read({buffer_.get() + filled_, capacity_ - filled_});
  read_wants_ = step.wants;
  if (step.waits()) socket_.ask_again();  // who knows what the layer has tried
  else on_read(step.error, step.bytes);
}

// Whatever of the three is under way keeps this alive; each may be the last.
void Connection::on_readable(bool ended) {
  readable_ = true;
  last_ = last_ || ended;
  if (readying_ != nullptr && readying_->wants_ == LayerStep::Wants::readable) return readying_->end({});
  const bool reads = reading_;
  if (writing_ != nullptr && writing_->wants_ == LayerStep::Wants::readable) writing_->go_on();
  if (!reads || !reading_ || !open()) return;
  if (layer_ != nullptr) read_layer();
  else read_socket();
}

void Connection::on_writable() {
  if (readying_ != nullptr && readying_->wants_ == LayerStep::Wants::writable) return readying_->end({});
  const bool reads = reading_ && layer_ != nullptr && read_wants_ == LayerStep::Wants::writable;
  if (writing_ != nullptr && writing_->wants_ == LayerStep::Wants::writable) writing_->go_on();
  if (reads && reading_ && open()) read_layer();
}

// There was something to read when a read was armed, or the socket was closed.
void Connection::on_turn() {
  if (open()) {
    if (!reading_) return;
    return layer_ != nullptr ? read_layer() : read_socket();
  }
  if (readying_ != nullptr) return readying_->end(asio::error::operation_aborted);
  const bool writes = writing_ != nullptr;
  if (reading_) on_read(asio::error::operation_aborted, 0);
  if (writes) writing_->end(asio::error::operation_aborted);
}

void Connection::on_read(const ErrorCode& code, std::size_t bytes) {
  reading_ = false;
  filled_ += bytes;
  arrival_ = {bytes, code == asio::error::eof, code == asio::error::eof ? ErrorCode{} : code};
  if (settler_) {
    std::exchange(settler_, nullptr).resume();
  } else if (reader_) {
    std::exchange(reader_, nullptr).resume();
  } else if (watcher_ != nullptr) {
    watcher_->on_arrival(*this);
  }
}

bool Connection::More::await_ready() {
  Connection& connection = connection_;
  if (!connection.reading_ && (connection.arrival_.bytes > 0 || connection.ended())) return true;
  if (connection.filled_ == connection.capacity_) connection.reserve(connection.unread().size() + 1);
  connection.arm();
  if (connection.reading_) return false;
  connection.stopped_ = connection.open() ? asio::error::no_buffer_space : asio::error::operation_aborted;
  return true;
}

Arrival Connection::More::await_resume() {
  if (connection_.stopped_) return {0, false, std::exchange(connection_.stopped_, {})};
  const Arrival arrival = connection_.arrival_;
  if (arrival.bytes > 0) connection_.arrival_ = {};
  return arrival;
}

void Connection::stop_waiting() {
  if (!reader_) return;
  stopped_ = asio::error::operation_aborted;
  std::exchange(reader_, nullptr).resume();
}

Connection::Write::Write(Connection& connection, std::span<const std::string_view> parts) : connection_(connection) {
  assert(parts.size() <= write_parts_max);
  for (const std::string_view part : parts) {
    if (!part.empty()) parts_[count_++] = asio::const_buffer(part.data(), part.size());
  }
}

// Writes until all is out, the socket is full (would_block) or an error.
void Connection::Write::try_now() {
  if (connection_.layer_ != nullptr) return try_layer();
  while (first_ < count_) {
    const auto left = std::span<const asio::const_buffer>(parts_).subspan(first_, count_ - first_);
    const std::size_t written = connection_.socket_.write_some(left, error_);
    if (error_) return;
    took(written);
  }
}

void Connection::Write::took(std::size_t bytes) {
  while (bytes > 0) {
    const std::size_t taken = std::min(bytes, parts_[first_].size());
    parts_[first_] += taken;
    bytes -= taken;
    if (parts_[first_].size() == 0) ++first_;
  }
}

// The same through the layer, which may wait for either readiness.
void Connection::Write::try_layer() {
  Connection& connection = connection_;
  while (first_ < count_ || ends_) {
    if (!connection.open()) {
      error_ = asio::error::operation_aborted;
      return;
    }
    const bool last = first_ == count_;
    const auto left = std::span<const asio::const_buffer>(parts_).subspan(first_, count_ - first_);
    const LayerStep step = last ? connection.layer_->end_sending() : connection.layer_->write(left);
    wants_ = step.wants;
    error_ = step.waits() ? ErrorCode(asio::error::would_block) : step.error;
    if (error_) return;
    took(step.bytes);
    if (!last) continue;
    ends_ = false;
    error_ = connection.socket_.shutdown_send();
  }
}

bool Connection::Write::await_ready() {
  try_now();
  return error_ != asio::error::would_block;
}

void Connection::Write::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  connection_.writing_ = this;
  if (connection_.layer_ != nullptr) connection_.socket_.ask_again();
}

void Connection::Write::go_on() {
  try_now();
  if (error_ != asio::error::would_block) end(error_);
  else if (connection_.layer_ != nullptr) connection_.socket_.ask_again();
}

void Connection::Write::end(const ErrorCode& error) {
  error_ = error;
  connection_.writing_ = nullptr;
  waiter_.resume();
}

void Connection::Ready::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  connection_.readying_ = this;
  connection_.socket_.ask_again();
}

void Connection::Ready::end(const ErrorCode& error) {
  error_ = error;
  connection_.readying_ = nullptr;
  waiter_.resume();
}

Connection::Write Connection::end_sending() {
  Write write(*this, {});
  if (layer_ != nullptr) write.ends_ = true;
  else write.error_ = socket_.shutdown_send();
  return write;
}

void Connection::close_in_order() {
  if (layer_ != nullptr && open() && !writing()) layer_->end_sending();
  close();
}

void Connection::close() { socket_.close(); }

void Connection::reset() { socket_.reset(); }

}  // namespace stormproof::wire
