#include <exception>
#include <iostream>

#include "harness/app/commands.h"

int main(int argc, char** argv) {
  using stormproof::app::ExitCode;
  try {
    return static_cast<int>(stormproof::app::run_command_line(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "stormproof: internal error: " << error.what() << "\n";
    return static_cast<int>(ExitCode::internal);
  }
}
