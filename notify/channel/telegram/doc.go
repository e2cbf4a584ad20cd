// Package telegram takes notices to debtors' chats with our bot, and takes what Telegram tells of these chats.
//
// A [Gateway] sends by github.com/go-telegram/bot over our own way out, which tells exactly whether a request had left: what never
// left, or was refused for our own fault, is notify.NotFound; what may have been taken is notify.Unknown; only what is said of the
// very chat is notify.Rejected, and one that has blocked the bot is reported to its owner, see [Config.Gone]. Telegram makes no
// preview of the personal link in a message.
//
// A [Hook] is the http.Handler of updates: a person who opens the deep link of the portal links the chat, one who writes /stop or
// blocks the bot ends it. It answers only after that is kept, so that Telegram tells again what was not heard. Any process may take
// an update; that is why updates are not fetched, which one process alone may do.
//
// Telegram tells neither whether a message was shown nor what became of it, cannot be asked, and knows no end of a message:
// notify.Accepted is no delivery, no term begins by this channel, and it is never the only one of a notice with legal weight.
//
// It must not read a database, keep a chat, or write a chat, a code, a text or the bot's token anywhere.
package telegram
