#include "harness/proxy/line_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "tests/support/fd.h"
#include "tests/support/files.h"
#include "tests/support/temp_dir.h"

namespace stormproof::proxy {
namespace {

using testing::HasSubstr;

bool never() { return false; }
bool always() { return true; }

LineFile opened(const std::string& path) {
  auto file = LineFile::open(path);
  if (!file) {
    ADD_FAILURE() << file.error().message;
    std::abort();
  }
  return std::move(*file);
}

std::string bytes_of(const std::filesystem::path& path) { return support::read_file(path).value_or("(no such file)"); }

// No file grows beyond this while it lives: a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    before_signal_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_signal_);
  }

 private:
  rlimit before_ = {};
  void (*before_signal_)(int) = SIG_DFL;
};

class LineFileTest : public testing::Test {
 protected:
  support::TempDir folder;
  std::string path = folder.path() / "log";
};

TEST_F(LineFileTest, AppendsToWhatIsThere) {
  ASSERT_TRUE(support::write_file(path, "old\n"));
  LineFile file = opened(path);
  EXPECT_TRUE(file.write("a\nb\n", never));
  EXPECT_TRUE(file.write("", never));
  EXPECT_TRUE(file.write("c\n", never));
  EXPECT_EQ(bytes_of(path), "old\na\nb\nc\n");
  EXPECT_EQ(file.written(), 3u);
  EXPECT_EQ(file.lost(), 0u);
}

TEST_F(LineFileTest, WhatCannotBeOpenedIsNamed) {
  const auto file = LineFile::open(folder.path() / "no" / "log");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, testing::AllOf(HasSubstr("no/log"), HasSubstr("No such file or directory")));
}

TEST_F(LineFileTest, ANewFileIsNotForEverybody) {
  const mode_t before = ::umask(0);
  static_cast<void>(opened(path));
  ::umask(before);
  struct stat status = {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(LineFileTest, AFullDiskLosesLinesAndIsSaid) {
  LineFile file = opened("/dev/full");
  const auto written = file.write("a\nb\n", never);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "cannot write to /dev/full: No space left on device");
  EXPECT_EQ(file.written(), 0u);
  EXPECT_EQ(file.lost(), 2u);
}

TEST_F(LineFileTest, ALineThatTheDiskTookHalfOfIsEndedFirst) {
  LineFile file = opened(path);
  {
    const FullDisk full(10);
    EXPECT_FALSE(file.write("abcdef\nghijkl\nmnopqr\n", never));
    EXPECT_EQ(file.written(), 1u);
    EXPECT_EQ(file.lost(), 1u) << "of the second line nothing is lost yet";
    EXPECT_FALSE(file.write("still full\n", never));
    EXPECT_EQ(file.lost(), 2u);
  }
  EXPECT_EQ(bytes_of(path), "abcdef\nghi");
  EXPECT_TRUE(file.write("next\n", never));
  EXPECT_EQ(bytes_of(path), "abcdef\nghijkl\nnext\n");
  EXPECT_EQ(file.written(), 3u);
  EXPECT_EQ(file.lost(), 2u);
}

TEST_F(LineFileTest, ADiskThatIsFullBetweenTwoLinesTearsNothing) {
  LineFile file = opened(path);
  {
    const FullDisk full(4);
    EXPECT_FALSE(file.write("abc\ndef\n", never));
  }
  EXPECT_TRUE(file.write("ghi\n", never));
  EXPECT_EQ(bytes_of(path), "abc\nghi\n");
  EXPECT_EQ(file.written(), 2u);
  EXPECT_EQ(file.lost(), 1u);
}

TEST_F(LineFileTest, OpenedAgainItWritesToTheNewFile) {
  LineFile file = opened(path);
  EXPECT_TRUE(file.write("one\n", never));
  std::filesystem::rename(path, path + ".1");
  EXPECT_TRUE(file.write("two\n", never));
  EXPECT_TRUE(file.reopen());
  EXPECT_TRUE(file.write("three\n", never));
  EXPECT_EQ(bytes_of(path + ".1"), "one\ntwo\n");
  EXPECT_EQ(bytes_of(path), "three\n");
}

TEST_F(LineFileTest, ATornLineIsNotEndedInAnotherFile) {
  LineFile file = opened(path);
  {
    const FullDisk full(2);
    EXPECT_FALSE(file.write("abc\n", never));
  }
  std::filesystem::rename(path, path + ".1");
  EXPECT_TRUE(file.reopen());
  EXPECT_TRUE(file.write("def\n", never));
  EXPECT_EQ(bytes_of(path), "def\n");
  EXPECT_EQ(file.written(), 1u);
  EXPECT_EQ(file.lost(), 1u);
}

TEST_F(LineFileTest, WhereItCannotBeOpenedAgainTheOldOneStays) {
  LineFile file = opened(path);
  const auto moved = folder.path() / "moved";
  std::filesystem::rename(path, moved);
  std::filesystem::create_directory(path);
  const auto again = file.reopen();
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("Is a directory"));
  EXPECT_TRUE(file.write("here\n", never));
  EXPECT_EQ(bytes_of(moved), "here\n");
}

TEST_F(LineFileTest, AReaderThatStallsIsWaitedForUntilTheCallerGivesUp) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const support::Fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.open());
  LineFile file = opened(path);
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += "line\n";
  const auto written = file.write(lines, always);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, testing::EndsWith("its reader takes nothing"));
  EXPECT_GT(file.written(), 0u);
  std::string read(1 << 20, '\0');
  const ssize_t count = ::read(reader.number(), read.data(), read.size());
  ASSERT_GT(count, 0);
  EXPECT_TRUE(file.write("last\n", never));
  read.resize(static_cast<std::size_t>(count));
  std::string rest(1 << 20, '\0');
  const ssize_t more = ::read(reader.number(), rest.data(), rest.size());
  ASSERT_GT(more, 0);
  read += rest.substr(0, static_cast<std::size_t>(more));
  EXPECT_THAT(read, testing::EndsWith("line\nlast\n"));
  const auto whole = static_cast<std::uint64_t>(std::ranges::count(read, '\n'));
  EXPECT_EQ(file.written(), whole);
  EXPECT_EQ(read.size(), whole * 5) << "a line is torn";
  EXPECT_EQ(file.written() + file.lost(), 100'001u);
}

TEST_F(LineFileTest, StandardOutputIsThereAndABrokenPipeIsAnError) {
  std::fflush(stdout);
  const support::Fd kept(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  support::Fd reader(ends[0]);
  ::dup2(ends[1], STDOUT_FILENO);
  ::close(ends[1]);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::string said(64, '\0');
  base::Result<void> broken;
  {
    LineFile file = opened("-");
    EXPECT_TRUE(file.write("to the pipe\n", never));
    EXPECT_TRUE(file.reopen());
    said.resize(static_cast<std::size_t>(::read(reader.number(), said.data(), said.size())));
    reader.close();
    broken = file.write("to nobody\n", never);
    EXPECT_EQ(file.lost(), 1u);
  }
  EXPECT_NE(::fcntl(STDOUT_FILENO, F_GETFD), -1) << "standard output is not ours to close";
  ::dup2(kept.number(), STDOUT_FILENO);
  std::signal(SIGPIPE, before);
  EXPECT_EQ(said, "to the pipe\n");
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().message, HasSubstr("Broken pipe"));
}

}  // namespace
}  // namespace stormproof::proxy
