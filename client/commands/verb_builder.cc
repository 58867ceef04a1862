#include "client/commands/verb_builder.h"

#include <memory>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

namespace resetctl::client {

CLI::App* VerbBuilder::Group(const char* name, const char* description, const char* group) {
  CLI::App* app = tree_.root->add_subcommand(name, description)->group(group);
  app->require_subcommand(0, 1);
  app->allow_extras();
  return app;
}

CLI::App* VerbBuilder::Verb(CLI::App* parent, const char* name, const char* description,
                            const char* group, const std::string& example, Function function) {
  CLI::App* app = parent->add_subcommand(name, description)->group(group);
  app->allow_extras();
  app->footer(absl::StrCat("Example:\n  resetctl ", example));
  app->callback([tree = &tree_, function = std::move(function)] { tree->run = function; });
  return app;
}
CLI::App* VerbBuilder::Verb(const char* name, const char* description, const char* group,
                            const std::string& example, Function function) {
  return Verb(tree_.root.get(), name, description, group, example, std::move(function));
}

void VerbBuilder::Id(const char* name, const char* what, const char* description, const char* group,
                     const std::string& example, Outcome (*function)(const std::string&, App&)) {
  auto id = std::make_shared<std::string>();
  auto* app =
      Verb(name, description, group, example, [id, function](App& a) { return function(*id, a); });
  app->add_option(what, *id, "id, or its beginning")->required();
}

void VerbBuilder::File(CLI::App* parent, const char* name, const char* description,
                       const std::string& example, Outcome (*function)(const std::string&, App&)) {
  auto file = std::make_shared<std::string>();
  auto* app = Verb(parent, name, description, "Verbs", example,
                   [file, function](App& a) { return function(*file, a); });
  app->add_option("FILE", *file, "its path")->required();
}

void VerbBuilder::AddPaging(CLI::App* app, int* limit, std::string* page) {
  app->add_option("--limit", *limit, "at most so many (50; not over 500)")
      ->check(CLI::Range(1, 500));
  app->add_option("--page", *page, "where the last list ended");
}

void VerbBuilder::AddGlobals() { AddGlobals(tree_.root.get()); }

void VerbBuilder::AddGlobals(CLI::App* app) {
  // A report has an -o of its own.
  if (app->get_option_no_throw("--output") == nullptr) {
    app->add_option_function<std::string>(
           "-o,--output",
           [tree = &tree_](const std::string& format) { tree->globals.json = format == "json"; },
           "text, or json for scripts")
        ->check(CLI::IsMember({"text", "json"}))
        ->group("Everywhere");
  }
  app->add_flag("--no-color", tree_.globals.no_color, "no colours (also: NO_COLOR)")
      ->group("Everywhere");
  app->add_option("--context", tree_.globals.context, "which controller, as whom")
      ->group("Everywhere");
  app->set_help_flag("-h,--help", "this text")->group("Everywhere");
  for (CLI::App* inner : app->get_subcommands({})) AddGlobals(inner);
}

}  // namespace resetctl::client
