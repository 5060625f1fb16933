#include "replay/gor_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace stormproof::replay {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::string_view gzip_magic = "\x1f\x8b";

}  // namespace

void GorInput::EndInflate::operator()(z_stream* stream) const {
  inflateEnd(stream);
  delete stream;
}

base::Result<GorInput> GorInput::open(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return base::fail(fmt::format("{} is a folder; give the files in it", path));
  GorInput input;
  input.path_ = path;
  input.file_.reset(std::fopen(path.c_str(), "rbe"));
  if (!input.file_) return base::fail_errno("cannot open " + path, errno);
  input.fill_raw();
  if (input.raw_.starts_with(gzip_magic)) {
    input.gzip_.reset(new z_stream{});
    if (inflateInit2(input.gzip_.get(), 15 + 16) != Z_OK) return base::fail(fmt::format("{}: cannot begin to decompress", path));
    input.in_member_ = true;
  }
  return input;
}

std::string_view GorInput::peek(std::size_t count) {
  while (window_.size() - window_used_ < count && !ended_) read_more();
  return std::string_view(window_).substr(window_used_);
}

void GorInput::skip(std::size_t count) {
  window_used_ += count;
  offset_ += count;
  // Moving what is left costs no more than what was used.
  if (window_used_ * 2 > window_.size()) {
    window_.erase(0, window_used_);
    window_used_ = 0;
  }
}

void GorInput::stop(std::string why) {
  ended_ = true;
  damage_ = std::move(why);
}

void GorInput::read_more() {
  if (raw_used_ == raw_.size() && !fill_raw()) {
    if (!ended_) stop(in_member_ ? "the gzip stream ends in its middle" : "");
    return;
  }
  if (gzip_) return inflate_more();
  window_.append(raw_, raw_used_);
  raw_used_ = raw_.size();
}

bool GorInput::fill_raw() {
  raw_.resize(read_bytes);
  raw_.resize(std::fread(raw_.data(), 1, raw_.size(), file_.get()));
  raw_used_ = 0;
  if (raw_.empty() && std::ferror(file_.get()) != 0) stop(fmt::format("it cannot be read further: {}", std::strerror(errno)));
  return !raw_.empty();
}

void GorInput::inflate_more() {
  if (!in_member_) return next_member();
  const std::size_t before = window_.size();
  window_.resize(before + read_bytes);
  gzip_->next_in = reinterpret_cast<Bytef*>(raw_.data() + raw_used_);
  gzip_->avail_in = static_cast<uInt>(raw_.size() - raw_used_);
  gzip_->next_out = reinterpret_cast<Bytef*>(window_.data() + before);
  gzip_->avail_out = read_bytes;
  const int code = inflate(gzip_.get(), Z_NO_FLUSH);
  window_.resize(window_.size() - gzip_->avail_out);
  raw_used_ = raw_.size() - gzip_->avail_in;
  if (code == Z_STREAM_END) {
    in_member_ = false;
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    stop(fmt::format("the gzip stream is damaged ({})", gzip_->msg == nullptr ? "no reason given" : gzip_->msg));
  }
}

// A gzip file may consist of several; what a tape or a block device puts behind the last is zeros.
void GorInput::next_member() {
  if (raw_[raw_used_] == '\0') {
    const auto end = raw_.find_first_not_of('\0', raw_used_);
    raw_used_ = std::min(end, raw_.size());
    return;
  }
  if (raw_[raw_used_] != gzip_magic[0]) return stop("other bytes follow the gzip stream");
  inflateReset(gzip_.get());
  in_member_ = true;
}

}  // namespace stormproof::replay
