#include "harness/wire/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cassert>
#include <cstring>
#include <utility>

namespace stormproof::wire {

template <typename T>
struct Connection::SlotAllocator {
  using value_type = T;
  Slot* slot;

  explicit SlotAllocator(Slot* of) : slot(of) {}
  template <typename U>
  SlotAllocator(const SlotAllocator<U>& other) : slot(other.slot) {}

  T* allocate(std::size_t count) {
    static_assert(sizeof(T) <= Slot::bytes && alignof(T) <= alignof(std::max_align_t));
    assert(count == 1);
    static_cast<void>(count);
    return reinterpret_cast<T*>(slot->memory.data());
  }
  void deallocate(T*, std::size_t) {}
  template <typename U>
  bool operator==(const SlotAllocator<U>& other) const {
    return slot == other.slot;
  }
};

struct Connection::ReadHandler {
  Connection* connection;
  using allocator_type = SlotAllocator<char>;
  allocator_type get_allocator() const { return allocator_type(&connection->read_slot_); }
  void operator()(const ErrorCode& code, std::size_t bytes) const {
    if (connection->layer_ == nullptr) return connection->on_read(code, bytes);
    // A layer has come meanwhile.
    connection->layer_->received({connection->buffer_.get() + connection->filled_, bytes}, code);
    if (!connection->open()) connection->on_read(asio::error::operation_aborted, 0);
    else connection->read_layer(false);
  }
};

// Of a read through the layer: when the socket is ready for it, or with what it gave at once.
struct Connection::LayerReadHandler {
  Connection* connection;
  LayerStep step;
  using allocator_type = SlotAllocator<char>;
  allocator_type get_allocator() const { return allocator_type(&connection->read_slot_); }
  void operator()() const { connection->on_read(step.error, step.bytes); }
  void operator()(const ErrorCode& code) const {
    if (code) connection->on_read(code, 0);
    else if (!connection->open()) connection->on_read(asio::error::operation_aborted, 0);
    else connection->read_layer(false);
  }
};

struct Connection::WriteHandler {
  Connection* connection;
  using allocator_type = SlotAllocator<char>;
  allocator_type get_allocator() const { return allocator_type(&connection->write_slot_); }
  void operator()(const ErrorCode& code) const {
    Write& write = *connection->writing_;
    write.error_ = code;
    write.go_on();
  }
};

struct Connection::ParkedWriteHandler {
  Connection* connection;
  using allocator_type = SlotAllocator<char>;
  allocator_type get_allocator() const { return allocator_type(&connection->write_slot_); }
  void operator()() const { WriteHandler{connection}(asio::error::operation_aborted); }
};

Connection::Connection(Socket socket) : socket_(std::move(socket)) {
  ErrorCode ignored;  // on a socket that is already broken the first read or write says so
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
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

// A second read after the end would wait for an edge of epoll that does not come.
void Connection::arm() {
  if (reading_ || ended() || !open()) return;
  if (begin_ == filled_) begin_ = filled_ = 0;
  if (capacity_ == 0) reserve(small_buffer);
  if (filled_ == capacity_) return;
  reading_ = true;
  arrival_ = {};
  if (layer_ != nullptr) return read_layer(true);
  socket_.async_read_some(asio::mutable_buffer(buffer_.get() + filled_, capacity_ - filled_), ReadHandler{this});
}

// Asks the layer first: it may hold bytes for which the socket will never be readable again. Who arms is never told
// within the call (`ahead`).
void Connection::read_layer(bool ahead) {
  const LayerStep step = layer_->read({buffer_.get() + filled_, capacity_ - filled_});
  if (step.parked()) read_parked_ = true;
  else if (step.waits()) socket_.async_wait(step.wait_type(), LayerReadHandler{this, {}});
  else if (ahead) asio::post(socket_.get_executor(), LayerReadHandler{this, step});
  else on_read(step.error, step.bytes);
}

void Connection::layer_readable() {
  if (std::exchange(read_parked_, false)) read_layer(false);
}

void Connection::layer_writable() {
  if (writing_ != nullptr && std::exchange(writing_->parked_, false)) writing_->go_on();
}

// What waits for the layer has no operation of the socket that would end with it.
void Connection::unpark() {
  if (std::exchange(read_parked_, false))
    asio::post(socket_.get_executor(), LayerReadHandler{this, {.error = asio::error::operation_aborted}});
  if (writing_ != nullptr && std::exchange(writing_->parked_, false))
    asio::post(socket_.get_executor(), ParkedWriteHandler{this});
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
    std::size_t written = left.size() == 1 ? connection_.socket_.write_some(left.front(), error_)
                                           : connection_.socket_.write_some(left, error_);
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
  while (first_ < count_ || ends_ || flushes_) {
    if (!connection.open()) {
      error_ = asio::error::operation_aborted;
      return;
    }
    const bool last = first_ == count_;
    const auto left = std::span<const asio::const_buffer>(parts_).subspan(first_, count_ - first_);
    const LayerStep step = !last      ? connection.layer_->write(left)
                           : flushes_ ? connection.layer_->flush()
                                      : connection.layer_->end_sending();
    wait_type_ = step.wait_type();
    parked_ = step.parked();
    error_ = step.waits() ? ErrorCode(asio::error::would_block) : step.error;
    if (error_) return;
    took(step.bytes);
    if (!last || std::exchange(flushes_, false)) continue;
    ends_ = false;
    connection.socket_.shutdown(Socket::shutdown_send, error_);
  }
}

bool Connection::Write::await_ready() {
  try_now();
  return error_ != asio::error::would_block;
}

void Connection::Write::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  connection_.writing_ = this;
  if (parked_) return;
  connection_.socket_.async_wait(wait_type_, WriteHandler{&connection_});
}

void Connection::Write::go_on() {
  if (!error_) try_now();
  if (error_ == asio::error::would_block) {
    await_suspend(waiter_);
    return;
  }
  connection_.writing_ = nullptr;
  waiter_.resume();
}

Connection::Write Connection::end_sending() {
  Write write(*this, {});
  if (layer_ != nullptr) write.ends_ = true;
  else socket_.shutdown(Socket::shutdown_send, write.error_);
  return write;
}

Connection::Write Connection::flush() {
  Write write(*this, {});
  write.flushes_ = layer_ != nullptr;
  return write;
}

void Connection::close_in_order() {
  if (layer_ != nullptr && open() && !writing()) layer_->end_sending();
  close();
}

void Connection::close() {
  ErrorCode ignored;  // closing has no one to tell
  socket_.close(ignored);
  unpark();
}

void Connection::reset() {
  ErrorCode ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

}  // namespace stormproof::wire
