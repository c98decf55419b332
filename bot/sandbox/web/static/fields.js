// What stands in Slack's elements: the names of their state values, and how they are read and made.

export const FIELDS = {
  plain_text_input: ["value", "initial_value"], email_text_input: ["value", "initial_value"],
  url_text_input: ["value", "initial_value"], number_input: ["value", "initial_value"],
  rich_text_input: ["rich_text_value", "initial_value"], file_input: ["files", ""],
  static_select: ["selected_option", "initial_option"], external_select: ["selected_option", "initial_option"],
  radio_buttons: ["selected_option", "initial_option"], checkboxes: ["selected_options", "initial_options"],
  multi_static_select: ["selected_options", "initial_options"],
  multi_external_select: ["selected_options", "initial_options"],
  users_select: ["selected_user", "initial_user"], conversations_select: ["selected_conversation", "initial_conversation"],
  channels_select: ["selected_channel", "initial_channel"], multi_users_select: ["selected_users", "initial_users"],
  multi_conversations_select: ["selected_conversations", "initial_conversations"],
  multi_channels_select: ["selected_channels", "initial_channels"], datepicker: ["selected_date", "initial_date"],
  timepicker: ["selected_time", "initial_time"], datetimepicker: ["selected_date_time", "initial_date_time"],
};

export function stateValue(element, value) {
  return { type: element.type, [FIELDS[element.type][0]]: value };
}

// What stands in an element: what was typed or chosen, else what the app set at first.
export function valueOf(element, block, host) {
  const [field, initial] = FIELDS[element.type];
  const typed = host.typed(block.block_id, element.action_id);
  if (typed && typed.type === element.type) return typed[field] ?? null;
  return element[initial] ?? null;
}

export function sameOption(one, other) {
  return Boolean(one && other) && one.value === other.value;
}
